# The taxi job in Spark's SQL: taxi_spark.py WEATHER TRIPS OUT THREADS
import json, sys, time
from pyspark.sql import SparkSession

weather, trips, out, threads = sys.argv[1:5]
settings = {
    "spark.driver.memory": "8g", "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1", "spark.sql.shuffle.partitions": str(4 * int(threads)), "spark.log.level": "ERROR",
}
builder = SparkSession.builder.master(f"local[{threads}]").appName("taxi")
for key, value in settings.items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()
print(json.dumps({"started": time.time()}), flush=True)
spark.read.parquet(trips).createOrReplaceTempView("trips")
spark.read.csv(weather, header=True, inferSchema=True).createOrReplaceTempView("weather")
spark.sql("""
  select PULocationID, DOLocationID, cast(month(pickup_datetime) as double) as month,
    weekday(pickup_datetime) <= 4 as weekday, PRCP > 0.1 as date_with_precipitation,
    case when hour(pickup_datetime) between 8 and 10 then 'morning'
         when hour(pickup_datetime) between 11 and 15 then 'midday'
         when hour(pickup_datetime) between 16 and 18 then 'afternoon'
         when hour(pickup_datetime) between 19 and 21 then 'evening'
         else 'other' end as time_bucket,
    count(*) as trips, avg(trip_miles) as avg_distance
  from trips join weather on to_date(DATE) = to_date(pickup_datetime)
  group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6
""").write.option("compression", "snappy").parquet(out)
