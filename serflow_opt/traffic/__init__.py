"""Traffic: provisioning for a rate or a demand, schedules over a trace, controllers, and a simulator of requests."""
