"""Measurements that print numbers; no tests."""
