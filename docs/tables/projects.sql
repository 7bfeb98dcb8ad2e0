-- What is the project called, and whose days are its days?
select name, timezone, currency
from lens.projects
where project_id = {project:String}
