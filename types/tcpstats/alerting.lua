---@meta tcpstats.alerting
-- Made by `make docs`; do not edit.

---The same functions for those who have no ctx: it is the first argument.
---@class tcpstats.alerting

return alerting
