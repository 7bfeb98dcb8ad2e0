"""`eventlens funnel`, `retention`, `cohort` and `goal`: definitions, whose tables every build fills."""
