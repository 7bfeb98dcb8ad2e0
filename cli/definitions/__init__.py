"""`eventlens funnel`, `retention`, `cohort` and `goal`: definitions that every build fills."""
