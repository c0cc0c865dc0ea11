-- q1
select count(*) as n, sum(v1) as v1, sum(v2) as v2 from x join small using (id1)
-- q2
select count(*) as n, sum(v1) as v1, sum(v2) as v2 from x join medium using (id2)
-- q3
select count(*) as n, sum(v1) as v1, sum(v2) as v2 from x left join medium using (id2)
-- q4
select count(*) as n, sum(v1) as v1, sum(v2) as v2 from x join medium using (id5)
-- q5
select count(*) as n, sum(v1) as v1, sum(v2) as v2 from x join big using (id3)
