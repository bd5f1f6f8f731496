"""Studies as an array job of a Slurm cluster: a plan file, one batch script, and records that the tasks leave behind."""
