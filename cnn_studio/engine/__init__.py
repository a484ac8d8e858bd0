"""Training: settings, the one loop, its events and controls. Knows no thread, no Qt and no project file."""
