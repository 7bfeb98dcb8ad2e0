-- How many buyers have read the blog?
with members as (
    select profile_id, groupUniqArray(cohort_id) as cohorts
    from lens.cohort_members
    where project_id = {project:String}
    group by profile_id
)
select
    countIf(has(cohorts, 'buyers')) as buyers,
    countIf(has(cohorts, 'readers')) as readers,
    countIf(has(cohorts, 'buyers') and has(cohorts, 'readers')) as both,
    round(100 * both / buyers, 1) as share_of_buyers
from members
