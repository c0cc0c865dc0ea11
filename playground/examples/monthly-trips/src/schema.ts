/** One day of Central Park's weather station, as the CSV has it. */
export interface Weather {
  STATION: string;
  NAME: string;
  DATE: Date;
  /** Average wind speed, miles per hour. */
  AWND: number | null;
  /** Precipitation, inches. */
  PRCP: number;
  SNOW: number;
  SNWD: number;
  TMAX: number;
  TMIN: number;
}

/** One trip of New York's high-volume for-hire vehicles (TLC's "fhvhv" record). */
export interface Trip {
  hvfhs_license_num: string;
  dispatching_base_num: string;
  originating_base_num: string | null;
  request_datetime: Date;
  on_scene_datetime: Date | null;
  pickup_datetime: Date;
  dropoff_datetime: Date;
  PULocationID: number;
  DOLocationID: number;
  trip_miles: number;
  trip_time: number;
  base_passenger_fare: number;
  tolls: number;
  bcf: number;
  sales_tax: number;
  congestion_surcharge: number;
  airport_fee: number | null;
  tips: number;
  driver_pay: number;
  shared_request_flag: string;
  shared_match_flag: string;
  access_a_ride_flag: string;
  wav_request_flag: string;
  wav_match_flag: string;
}
