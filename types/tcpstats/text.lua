---@meta tcpstats.text
-- Made by `make docs`; do not edit.

---Numbers and endpoints for eyes.
---@class tcpstats.text

return text
