-- text
select check_digit(id3) as digit, count(*) as n, sum(v3) as v3 from T group by all
-- few
select id1, sum(steps(id4::bigint)) as steps from T group by id1
-- numbers
select id1, sum(instalments(v3, v1::double, v2 * 60.0)) as months from T group by id1
