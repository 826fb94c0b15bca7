"""The best plan of one objective, proven: by bounds and labels where they cover the instance, else by HiGHS."""
