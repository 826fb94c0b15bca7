"""Policies that scale a service without foresight, and what they are compared with."""
