//! The taxi job in DataFusion's own SQL, two partitions: the benchmark's "datafusion". Not part of the product.
//!
//! `datafusion_taxi WEATHER TRIPS OUT PARTITIONS`
use std::time::{SystemTime, UNIX_EPOCH};

use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionConfig, SessionContext};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> datafusion::error::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, weather, trips, out, partitions] = &arguments[..] else { panic!("WEATHER TRIPS OUT PARTITIONS") };
    let partitions: usize = partitions.parse().expect("a number of partitions");
    let started = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64();
    println!("{{\"started\": {started}}}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(partitions).enable_all().build()?;
    runtime.block_on(async {
        let config = SessionConfig::new().with_target_partitions(partitions);
        let context = SessionContext::new_with_config(config);
        context.register_csv("weather", weather, CsvReadOptions::new()).await?;
        context.register_parquet("trips", trips, ParquetReadOptions::new()).await?;
        let sql = format!(
            r#"copy (
              select "PULocationID", "DOLocationID", date_part('month', pickup_datetime)::double as month,
                date_part('dow', pickup_datetime) between 1 and 5 as weekday, "PRCP" > 0.1 as date_with_precipitation,
                case when date_part('hour', pickup_datetime) between 8 and 10 then 'morning'
                     when date_part('hour', pickup_datetime) between 11 and 15 then 'midday'
                     when date_part('hour', pickup_datetime) between 16 and 18 then 'afternoon'
                     when date_part('hour', pickup_datetime) between 19 and 21 then 'evening'
                     else 'other' end as time_bucket,
                count(*) as trips, avg(trip_miles) as avg_distance
              from trips join weather on "DATE" = pickup_datetime::date
              group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
            ) to '{out}/part-00000.parquet' stored as parquet options ('format.compression' 'snappy')"#
        );
        std::fs::create_dir_all(out)?;
        context.sql(&sql).await?.collect().await?;
        Ok(())
    })
}
