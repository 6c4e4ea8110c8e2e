# The endpoint of the stories: what comes goes back, a stream at a time in a process of its own.
use strict;
use warnings;
use IO::Socket::INET;

$SIG{CHLD} = 'IGNORE';
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1:7000', Listen => 8, ReuseAddr => 1)
    or die "port 7000: $@";
while (my $stream = $listener->accept) {
    next if fork;
    while (sysread($stream, my $bytes, 4096)) {
        syswrite($stream, $bytes);
    }
    exit;
}
