# Documentation and the editor's types out of the descriptions in the sources (tools/docs); included by the Makefile. What they make is in git.
DOCS_RUN = TCPSTATS_BIN='$(BINARY)' LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='$(BUILD)/lib/?.so;;' $(LUA) tools/docs/main.lua

docs: deps-docs all ## make doc/fields.md, the reference in doc/scripting.md and the editor's types in types/ again
	@$(DOCS_RUN)

docs-check: deps-docs all ## whether these are fresh, everything is described and every link leads somewhere
	@$(DOCS_RUN) --check

install: install-types
install-types: ## install the editor's types alone
	@cd types && for f in $$(find . -name '*.lua'); do \
	    install -d "$(DESTDIR)$(PREFIX)/share/tcpstats/types/$$(dirname $$f)" && \
	    install -m 644 "$$f" "$(DESTDIR)$(PREFIX)/share/tcpstats/types/$$f" || exit 1; done

.PHONY: docs docs-check install-types
