-- uniform
select v3, id3, id6, v1 from T order by v3
-- text
select id3, v3, id6, v1 from T order by id3, v3
-- zipf
select floor(least(1e9, 1 / (share * share * share * share * share))) as key, id3, id6, v1 from (select *, (v3 + 0.000001) / 100 as share from T) order by key
-- one_key
select (v1 * 0)::double as key, id3, id6, v1 from T order by key
