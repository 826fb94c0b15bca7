"""What everything stands on: arrays, deadlines, arguments, tables; it knows nothing of networks or prices."""
