"""What is said in every image that is written for people to take along."""

RESEARCH_ONLY = "For research, not for diagnosis"
