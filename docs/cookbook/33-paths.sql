-- Which ways do visits take through the site?
-- lens.paths(limit=5, **period)
select arraySlice(arrayCompact(paths), 1, 5) as path_sequence, count() as frequency
from lens.sessions
where project_id = {project:String} and day between {start:Date} and {end:Date} and notEmpty(paths)
group by path_sequence
order by frequency desc, path_sequence
limit 5
