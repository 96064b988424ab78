"""nginx as structure: rendered, parsed, and asked which location answers with which directives."""
