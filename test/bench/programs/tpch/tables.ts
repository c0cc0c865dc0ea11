/** The eight tables of TPC-H, one file each in a folder. Money and quantities are decimals of the files, numbers to row functions. */
import { readParquet, type Table } from "@lockstep/runtime";

export interface Region { r_regionkey: number; r_name: string }
export interface Nation { n_nationkey: number; n_name: string; n_regionkey: number }
export interface Supplier { s_suppkey: number; s_name: string; s_address: string; s_nationkey: number; s_phone: string; s_acctbal: number; s_comment: string }
export interface Customer { c_custkey: number; c_name: string; c_address: string; c_nationkey: number; c_phone: string; c_acctbal: number; c_mktsegment: string; c_comment: string }
export interface Part { p_partkey: number; p_name: string; p_mfgr: string; p_brand: string; p_type: string; p_size: number; p_container: string }
export interface PartSupp { ps_partkey: number; ps_suppkey: number; ps_availqty: number; ps_supplycost: number }

export interface Order {
  o_orderkey: number;
  o_custkey: number;
  o_orderstatus: string;
  o_totalprice: number;
  o_orderdate: Date;
  o_orderpriority: string;
  o_shippriority: number;
  o_comment: string;
}

export interface LineItem {
  l_orderkey: number;
  l_partkey: number;
  l_suppkey: number;
  l_quantity: number;
  l_extendedprice: number;
  l_discount: number;
  l_tax: number;
  l_returnflag: string;
  l_linestatus: string;
  l_shipdate: Date;
  l_commitdate: Date;
  l_receiptdate: Date;
  l_shipinstruct: string;
  l_shipmode: string;
}

export async function regions(data: string): Promise<Table<Region>> {
  return readParquet<Region>(`${data}/region.parquet`);
}

export async function nations(data: string): Promise<Table<Nation>> {
  return readParquet<Nation>(`${data}/nation.parquet`);
}

export async function suppliers(data: string): Promise<Table<Supplier>> {
  return readParquet<Supplier>(`${data}/supplier.parquet`);
}

export async function customers(data: string): Promise<Table<Customer>> {
  return readParquet<Customer>(`${data}/customer.parquet`);
}

export async function parts(data: string): Promise<Table<Part>> {
  return readParquet<Part>(`${data}/part.parquet`);
}

export async function partSupps(data: string): Promise<Table<PartSupp>> {
  return readParquet<PartSupp>(`${data}/partsupp.parquet`);
}

export async function orders(data: string): Promise<Table<Order>> {
  return readParquet<Order>(`${data}/orders.parquet`);
}

export async function lineItems(data: string): Promise<Table<LineItem>> {
  return readParquet<LineItem>(`${data}/lineitem.parquet`);
}
