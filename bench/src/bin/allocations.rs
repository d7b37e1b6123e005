//! Counts how often one warm read allocates. A program of its own: its allocator counts, which would cost time elsewhere.

use tokenex_bench::rows::each_warm_read;
use tokenex_bench::subjects::clean_up;

fn main() {
    each_warm_read(|name, read| {
        // What a thread makes once does not count.
        read();
        let counted = allocation_counter::measure(read);
        println!("{name}\t{}", counted.count_total);
    });
    clean_up();
}
