# What one types all day. `just` lists it; https://just.systems

_default:
    @just --list --unsorted

# Compile everything without producing a binary
check:
    cargo check --workspace --all-targets

# Format the code
fmt:
    cargo fmt --all

# Lint as CI does
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Unit tests, all or those whose path contains FILTER
unit filter='':
    cargo test --workspace --lib {{filter}}

# Integration tests, all or those whose path contains FILTER
it filter='':
    cargo test --test it {{filter}}

# Play random stacks against the scheduler
simulate runs='100000':
    FLOWLAYER_SIMULATIONS={{runs}} cargo test --lib simulation

# Boot the quickstart stack
serve *args:
    cargo run -- serve examples/quickstart/flowlayer.jsonc {{args}}

# Open the cockpit on a running stack
tui *args:
    cargo run -- tui {{args}}

# Regenerate what is made from the code: schema, completions, the picture of the cockpit
generate:
    cargo run --quiet -- schema > target/schema.json && mv target/schema.json schema/flowlayer.schema.json
    for pair in bash:flowlayer.bash zsh:_flowlayer fish:flowlayer.fish elvish:flowlayer.elv powershell:_flowlayer.ps1; do \
        cargo run --quiet -- completions "${pair%%:*}" > target/completion && mv target/completion "completions/${pair#*:}" || exit 1; \
    done
    UPDATE_PICTURES=1 cargo test --quiet -p flowlayer --lib picture

# Everything a change has to pass
ci *args:
    .ci/run {{args}}
