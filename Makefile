# Every step builds with --release, so that the dependencies compile once.
PREFIX = /usr/local
NATIVE = python3 .cargo/native
SECONDS = 60
# Tests run side by side, one on each core: libtorch's threads would spin while they wait for one another.
SIDE_BY_SIDE = OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive

help:     ## this list
	@sed -n 's/^\([a-z]*\): .*## /make \1	/p' Makefile | expand -t 16

setup:    ## fetch libtorch, MuJoCo and the models into target/native, check the system (CUDA=1: the CUDA build, CUDA=0: back)
	@command -v python3 >/dev/null || { echo "setup: python3 is missing (Debian, Ubuntu: apt-get install -y python3 python3-pip)" >&2; exit 1; }
	@$(NATIVE) setup $(if $(CUDA),--cuda $(CUDA))

train: setup    ## train on cartpole swing-up (ARGS="--seed 2" adds arguments)
	cargo run --release -- train --env dmc:cartpole-swingup $(ARGS)

test: setup     ## all tests
	@$(NATIVE) gymnasium
	$(SIDE_BY_SIDE) cargo test --release --workspace

parity: setup   ## the comparison with the reference alone (CURL_PARITY_DIR: further cases)
	cargo test --release --test integration parity

lint: setup     ## formatting and clippy, warnings denied
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings

bench: setup    ## time and memory of each phase of training
	cargo run --release -- bench $(ARGS)

fuzz: $(addprefix fuzz-,config event_log segments checkpoint gymnasium)    ## feed altered files to all that reads files, SECONDS=60 each (needs cargo-fuzz, nightly)

# Without the address sanitizer, which sees nothing of what happens within libtorch and MuJoCo.
fuzz-%: setup
	mkdir -p fuzz/corpus/$*
	cargo +nightly fuzz run -s none $* fuzz/corpus/$* $(SEEDS_$*) -- \
	    -max_total_time=$(SECONDS) -len_control=0 -timeout=20 -rss_limit_mb=4096 -close_fd_mask=1

SEEDS_config = configs
SEEDS_event_log = tests/golden/tensorboard

doc: setup      ## the code's documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --document-private-items

install: setup  ## put curl-rl and its libraries under PREFIX=/usr/local (DESTDIR= goes before it)
	cargo build --release
	$(NATIVE) install --prefix "$(PREFIX)" --destdir "$(DESTDIR)"

.PHONY: help setup train test parity lint bench fuzz doc install
