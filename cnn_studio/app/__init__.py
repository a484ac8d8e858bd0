"""The program without its face: session, jobs, project files, settings, kept runs. No Qt, no layer rules."""
