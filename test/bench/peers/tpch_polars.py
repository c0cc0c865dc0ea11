# Queries of TPC-H in Polars, lazy, streaming, in one process: tpch_polars.py DATA SCALE PASSES OUT QUERY…   (POLARS_MAX_THREADS says how many threads)
import json, os, sys, time
from datetime import date
import polars as pl
from polars import col

data, scale, passes, out, *names = sys.argv[1:]
region, nation, supplier, customer, part, partsupp, orders, lineitem = (
    (lambda name=name: pl.scan_parquet(f"{data}/{name}.parquet"))
    for name in ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
)
# Products of Polars' decimals are rounded to their scale: all others' answers are exact, or those of floats.
price, discount, tax, quantity, cost, balance = (
    col(name).cast(pl.Float64) for name in ("l_extendedprice", "l_discount", "l_tax", "l_quantity", "ps_supplycost", "c_acctbal")
)
volume = price * (1 - discount)


def q1():
    return (
        lineitem().filter(col("l_shipdate") <= date(1998, 9, 2)).group_by("l_returnflag", "l_linestatus")
        .agg(
            sum_qty=col("l_quantity").sum(), sum_base_price=col("l_extendedprice").sum(), sum_disc_price=volume.sum(), sum_charge=(volume * (1 + tax)).sum(),
            avg_qty=col("l_quantity").mean(), avg_price=col("l_extendedprice").mean(), avg_disc=col("l_discount").mean(), count_order=pl.len(),
        )
        .sort("l_returnflag", "l_linestatus")
    )


def q2():
    offers = (
        part().filter((col("p_size") == 15) & col("p_type").str.ends_with("BRASS")).join(partsupp(), left_on="p_partkey", right_on="ps_partkey")
        .join(supplier(), left_on="ps_suppkey", right_on="s_suppkey").join(nation(), left_on="s_nationkey", right_on="n_nationkey")
        .join(region().filter(col("r_name") == "EUROPE"), left_on="n_regionkey", right_on="r_regionkey")
    )
    return (
        offers.group_by("p_partkey").agg(col("ps_supplycost").min()).join(offers, on=["p_partkey", "ps_supplycost"])
        .select("s_acctbal", "s_name", "n_name", "p_partkey", "p_mfgr", "s_address", "s_phone", "s_comment")
        .sort("s_acctbal", "n_name", "s_name", "p_partkey", descending=[True, False, False, False]).head(100)
    )


def q3():
    return (
        customer().filter(col("c_mktsegment") == "BUILDING").join(orders().filter(col("o_orderdate") < date(1995, 3, 15)), left_on="c_custkey", right_on="o_custkey")
        .join(lineitem().filter(col("l_shipdate") > date(1995, 3, 15)), left_on="o_orderkey", right_on="l_orderkey")
        .group_by("o_orderkey", "o_orderdate", "o_shippriority").agg(revenue=volume.sum())
        .select("o_orderkey", "revenue", "o_orderdate", "o_shippriority").sort("revenue", "o_orderdate", descending=[True, False]).head(10)
    )


def q4():
    late = lineitem().filter(col("l_commitdate") < col("l_receiptdate"))
    return (
        orders().filter(col("o_orderdate").is_between(date(1993, 7, 1), date(1993, 10, 1), closed="left")).join(late, left_on="o_orderkey", right_on="l_orderkey", how="semi")
        .group_by("o_orderpriority").agg(order_count=pl.len()).sort("o_orderpriority")
    )


def q5():
    return (
        region().filter(col("r_name") == "ASIA").join(nation(), left_on="r_regionkey", right_on="n_regionkey").join(customer(), left_on="n_nationkey", right_on="c_nationkey")
        .join(orders().filter(col("o_orderdate").is_between(date(1994, 1, 1), date(1995, 1, 1), closed="left")), left_on="c_custkey", right_on="o_custkey")
        .join(lineitem(), left_on="o_orderkey", right_on="l_orderkey").join(supplier(), left_on=["l_suppkey", "n_nationkey"], right_on=["s_suppkey", "s_nationkey"])
        .group_by("n_name").agg(revenue=volume.sum()).sort("revenue", descending=True)
    )


def q6():
    chosen = col("l_shipdate").is_between(date(1994, 1, 1), date(1995, 1, 1), closed="left") & col("l_discount").is_between(0.05, 0.07) & (col("l_quantity") < 24)
    return lineitem().filter(chosen).select(revenue=(price * discount).sum())


def q7():
    def one_way(supplied, bought):
        return (
            customer().join(nation().filter(col("n_name") == bought), left_on="c_nationkey", right_on="n_nationkey").join(orders(), left_on="c_custkey", right_on="o_custkey")
            .rename({"n_name": "cust_nation"}).join(lineitem(), left_on="o_orderkey", right_on="l_orderkey").join(supplier(), left_on="l_suppkey", right_on="s_suppkey")
            .join(nation().filter(col("n_name") == supplied), left_on="s_nationkey", right_on="n_nationkey").rename({"n_name": "supp_nation"})
        )

    return (
        pl.concat([one_way("FRANCE", "GERMANY"), one_way("GERMANY", "FRANCE")]).filter(col("l_shipdate").is_between(date(1995, 1, 1), date(1996, 12, 31)))
        .group_by("supp_nation", "cust_nation", l_year=col("l_shipdate").dt.year()).agg(revenue=volume.sum()).sort("supp_nation", "cust_nation", "l_year")
    )


def q8():
    american = nation().select("n_nationkey", "n_regionkey").join(region().filter(col("r_name") == "AMERICA"), left_on="n_regionkey", right_on="r_regionkey")
    return (
        part().filter(col("p_type") == "ECONOMY ANODIZED STEEL").join(lineitem(), left_on="p_partkey", right_on="l_partkey").join(supplier(), left_on="l_suppkey", right_on="s_suppkey")
        .join(orders().filter(col("o_orderdate").is_between(date(1995, 1, 1), date(1996, 12, 31))), left_on="l_orderkey", right_on="o_orderkey")
        .join(customer(), left_on="o_custkey", right_on="c_custkey").join(american, left_on="c_nationkey", right_on="n_nationkey")
        .join(nation().select("n_nationkey", "n_name"), left_on="s_nationkey", right_on="n_nationkey")
        .select("n_name", o_year=col("o_orderdate").dt.year(), volume=volume)
        .with_columns(brazil=pl.when(col("n_name") == "BRAZIL").then(col("volume")).otherwise(0))
        .group_by("o_year").agg(col("brazil").sum() / col("volume").sum()).sort("o_year")
    )


def q9():
    return (
        part().filter(col("p_name").str.contains("green", literal=True)).join(partsupp(), left_on="p_partkey", right_on="ps_partkey")
        .join(supplier(), left_on="ps_suppkey", right_on="s_suppkey").join(lineitem(), left_on=["p_partkey", "ps_suppkey"], right_on=["l_partkey", "l_suppkey"])
        .join(orders(), left_on="l_orderkey", right_on="o_orderkey").join(nation(), left_on="s_nationkey", right_on="n_nationkey")
        .group_by("n_name", o_year=col("o_orderdate").dt.year()).agg(sum_profit=(volume - cost * quantity).sum())
        .sort("n_name", "o_year", descending=[False, True])
    )


def q10():
    return (
        customer().join(orders().filter(col("o_orderdate").is_between(date(1993, 10, 1), date(1994, 1, 1), closed="left")), left_on="c_custkey", right_on="o_custkey")
        .join(lineitem().filter(col("l_returnflag") == "R"), left_on="o_orderkey", right_on="l_orderkey").join(nation(), left_on="c_nationkey", right_on="n_nationkey")
        .group_by("c_custkey", "c_name", "c_acctbal", "c_phone", "n_name", "c_address", "c_comment").agg(revenue=volume.sum())
        .select("c_custkey", "c_name", "revenue", "c_acctbal", "n_name", "c_address", "c_phone", "c_comment").sort("revenue", descending=True).head(20)
    )


def q11():
    german = partsupp().join(supplier(), left_on="ps_suppkey", right_on="s_suppkey").join(nation().filter(col("n_name") == "GERMANY"), left_on="s_nationkey", right_on="n_nationkey")
    value = (cost * col("ps_availqty")).sum()
    least = german.select(least=value * (0.0001 / float(scale)))
    return german.group_by("ps_partkey").agg(value=value).join(least, how="cross").filter(col("value") > col("least")).select("ps_partkey", "value").sort("value", "ps_partkey", descending=[True, False])


def q12():
    urgent = col("o_orderpriority").is_in(["1-URGENT", "2-HIGH"])
    chosen = (
        col("l_shipmode").is_in(["MAIL", "SHIP"]) & (col("l_commitdate") < col("l_receiptdate")) & (col("l_shipdate") < col("l_commitdate"))
        & col("l_receiptdate").is_between(date(1994, 1, 1), date(1995, 1, 1), closed="left")
    )
    joined = orders().join(lineitem().filter(chosen), left_on="o_orderkey", right_on="l_orderkey")
    return joined.group_by("l_shipmode").agg(high_line_count=urgent.sum(), low_line_count=(~urgent).sum()).sort("l_shipmode")


def q13():
    usual = orders().filter(~col("o_comment").str.contains("special.*requests"))
    return (
        customer().join(usual, left_on="c_custkey", right_on="o_custkey", how="left").group_by("c_custkey").agg(c_count=col("o_orderkey").count())
        .group_by("c_count").agg(custdist=pl.len()).sort("custdist", "c_count", descending=True)
    )


def q14():
    shipped = lineitem().filter(col("l_shipdate").is_between(date(1995, 9, 1), date(1995, 10, 1), closed="left"))
    promo = pl.when(col("p_type").str.starts_with("PROMO")).then(volume).otherwise(0).sum()
    return shipped.join(part(), left_on="l_partkey", right_on="p_partkey").select(promo_revenue=100 * promo / volume.sum())


def q15():
    shipped = lineitem().filter(col("l_shipdate").is_between(date(1996, 1, 1), date(1996, 4, 1), closed="left"))
    return (
        supplier().join(shipped.group_by("l_suppkey").agg(total_revenue=volume.sum()), left_on="s_suppkey", right_on="l_suppkey")
        .filter(col("total_revenue") == col("total_revenue").max()).select("s_suppkey", "s_name", "s_address", "s_phone", "total_revenue").sort("s_suppkey")
    )


def q16():
    wanted = part().filter(
        (col("p_brand") != "Brand#45") & ~col("p_type").str.starts_with("MEDIUM POLISHED") & col("p_size").is_in([49, 14, 23, 45, 19, 3, 36, 9])
    )
    complained = supplier().filter(col("s_comment").str.contains("Customer.*Complaints"))
    return (
        wanted.join(partsupp(), left_on="p_partkey", right_on="ps_partkey").join(complained, left_on="ps_suppkey", right_on="s_suppkey", how="anti")
        .group_by("p_brand", "p_type", "p_size").agg(supplier_cnt=col("ps_suppkey").n_unique())
        .sort("supplier_cnt", "p_brand", "p_type", "p_size", descending=[True, False, False, False])
    )


def q17():
    boxes = part().filter((col("p_brand") == "Brand#23") & (col("p_container") == "MED BOX")).join(lineitem(), left_on="p_partkey", right_on="l_partkey")
    return (
        boxes.group_by("p_partkey").agg(least=0.2 * quantity.mean()).join(boxes, on="p_partkey").filter(col("l_quantity") < col("least"))
        .select(avg_yearly=price.sum() / 7)
    )


def q18():
    large = lineitem().group_by("l_orderkey").agg(quantity=col("l_quantity").sum()).filter(col("quantity") > 300)
    return (
        orders().join(large, left_on="o_orderkey", right_on="l_orderkey").join(customer(), left_on="o_custkey", right_on="c_custkey")
        .select("c_name", "o_custkey", "o_orderkey", "o_orderdate", "o_totalprice", "quantity").sort("o_totalprice", "o_orderdate", descending=[True, False]).head(100)
    )


def q19():
    def kind(brand, containers, least, size):
        return (col("p_brand") == brand) & col("p_container").is_in(containers) & col("l_quantity").is_between(least, least + 10) & col("p_size").is_between(1, size)

    return (
        part().join(lineitem().filter(col("l_shipmode").is_in(["AIR", "AIR REG"]) & (col("l_shipinstruct") == "DELIVER IN PERSON")), left_on="p_partkey", right_on="l_partkey")
        .filter(
            kind("Brand#12", ["SM CASE", "SM BOX", "SM PACK", "SM PKG"], 1, 5)
            | kind("Brand#23", ["MED BAG", "MED BOX", "MED PKG", "MED PACK"], 10, 10)
            | kind("Brand#34", ["LG CASE", "LG BOX", "LG PACK", "LG PKG"], 20, 15)
        )
        .select(revenue=volume.sum())
    )


def q20():
    shipped = (
        lineitem().filter(col("l_shipdate").is_between(date(1994, 1, 1), date(1995, 1, 1), closed="left"))
        .group_by("l_partkey", "l_suppkey").agg(half=0.5 * quantity.sum())
    )
    stocked = (
        part().filter(col("p_name").str.starts_with("forest")).join(partsupp(), left_on="p_partkey", right_on="ps_partkey")
        .join(shipped, left_on=["p_partkey", "ps_suppkey"], right_on=["l_partkey", "l_suppkey"]).filter(col("ps_availqty") > col("half"))
    )
    canadian = supplier().join(nation().filter(col("n_name") == "CANADA"), left_on="s_nationkey", right_on="n_nationkey")
    return canadian.join(stocked, left_on="s_suppkey", right_on="ps_suppkey", how="semi").select("s_name", "s_address").sort("s_name")


def q21():
    late = lineitem().filter(col("l_receiptdate") > col("l_commitdate"))
    shared = lineitem().group_by("l_orderkey").agg(suppliers=col("l_suppkey").n_unique()).filter(col("suppliers") > 1).join(late, on="l_orderkey")
    return (
        shared.group_by("l_orderkey").agg(lates=col("l_suppkey").n_unique()).filter(col("lates") == 1).join(shared, on="l_orderkey")
        .join(supplier(), left_on="l_suppkey", right_on="s_suppkey").join(nation().filter(col("n_name") == "SAUDI ARABIA"), left_on="s_nationkey", right_on="n_nationkey")
        .join(orders().filter(col("o_orderstatus") == "F"), left_on="l_orderkey", right_on="o_orderkey")
        .group_by("s_name").agg(numwait=pl.len()).sort("numwait", "s_name", descending=[True, False]).head(100)
    )


def q22():
    called = customer().with_columns(cntrycode=col("c_phone").str.slice(0, 2)).filter(col("cntrycode").is_in(["13", "31", "23", "29", "30", "18", "17"]))
    average = called.filter(col("c_acctbal") > 0).select(average=balance.mean())
    return (
        called.join(orders(), left_on="c_custkey", right_on="o_custkey", how="anti").join(average, how="cross").filter(balance > col("average"))
        .group_by("cntrycode").agg(numcust=pl.len(), totacctbal=col("c_acctbal").sum()).sort("cntrycode")
    )


os.makedirs(out)
seconds = {name: [] for name in names}
for _ in range(int(passes)):
    for name in names:
        start = time.perf_counter()
        rows = globals()[name]().collect(engine="streaming").rows()
        seconds[name].append(time.perf_counter() - start)
        with open(f"{out}/{name}.json", "w") as file:
            json.dump(rows, file, default=str)
with open(f"{out}/seconds.json", "w") as file:
    json.dump(seconds, file)
