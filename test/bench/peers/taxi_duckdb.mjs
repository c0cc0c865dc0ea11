// The taxi job in DuckDB from Node: taxi_duckdb.mjs WEATHER TRIPS OUT THREADS
import { mkdirSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";

const [weather, trips, out, threads] = process.argv.slice(2);
console.log(JSON.stringify({ started: Date.now() / 1000 }));
const connection = await (await DuckDBInstance.create(":memory:", { threads })).connect();
mkdirSync(out, { recursive: true });
await connection.run(`
copy (
  select PULocationID, DOLocationID, month(pickup_datetime)::double as month,
    isodow(pickup_datetime) <= 5 as weekday, PRCP > 0.1 as date_with_precipitation,
    case when hour(pickup_datetime) between 8 and 10 then 'morning'
         when hour(pickup_datetime) between 11 and 15 then 'midday'
         when hour(pickup_datetime) between 16 and 18 then 'afternoon'
         when hour(pickup_datetime) between 19 and 21 then 'evening'
         else 'other' end as time_bucket,
    count(*) as trips, avg(trip_miles) as avg_distance
  from '${trips}/*.parquet' join read_csv('${weather}') on DATE = pickup_datetime::date
  group by all order by 1, 2, 3, 4, 5, 6
) to '${out}/part-00000.parquet' (format parquet, compression snappy, row_group_size 1048576)`);
