# What tcpstats costs; included by the Makefile. doc/performance.md tells what the figures mean.
