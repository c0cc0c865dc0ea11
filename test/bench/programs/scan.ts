/** Eight columns of all trips, down to one row: reading is all the work. */
import { op, readParquet } from "@lockstep/runtime";

interface Trip {
  trip_miles: number;
  trip_time: number;
  base_passenger_fare: number;
  tips: number;
  pickup_datetime: Date;
  dropoff_datetime: Date;
  PULocationID: number;
}

export async function scan(path: string) {
  "use spmd";
  const trips = await readParquet<Trip>(path);
  const [found] = trips
    .rollup({
      n: op.count(), miles: op.sum("trip_miles"), time: op.sum("trip_time"), fare: op.sum("base_passenger_fare"), tips: op.sum("tips"),
      first: op.min("pickup_datetime"), last: op.max("dropoff_datetime"), zones: op.max("PULocationID"),
    })
    .objects();
  return found!;
}

const found = await scan(process.argv[2]!);
console.log(JSON.stringify({ answer: [found.n, found.miles] }));
