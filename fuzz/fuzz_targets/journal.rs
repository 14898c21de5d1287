#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flowlayer_fuzz::bodies::journal(bytes));
