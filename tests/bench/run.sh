#!/bin/sh
# What recording costs: dvr's proxy beside a bare relay, nginx, haproxy and
# mitmdump, in turn, several short rounds, medians.  Ratios inside one run are
# what holds; absolute figures drift with the machine's neighbours.
#   BENCH_ROUNDS (5)  BENCH_SECONDS (2)  BENCH_ONLY="direct bare dvr" …
# Takes three and a half minutes; loads loopback only, and a missing candidate
# is said, not an error.
set -eu
BUILD=${BUILD:-build}
MAKE=${MAKE:-make}
CC=${CC:-cc}
rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-2}
all="direct bare nginx haproxy relay dvr mitmdump"
only=${BENCH_ONLY:-$all}
here=$(dirname "$0")
tmp=$(mktemp -d)
chmod 755 "$tmp"
pids=
cleanup() {
	for p in $pids; do kill "$p" 2>/dev/null || true; done
	for p in $pids; do wait "$p" 2>/dev/null || true; done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# ---- what is measured ------------------------------------------------------

for tool in wrk nginx curl; do
	command -v $tool >/dev/null 2>&1 || {
		echo "bench: nothing measured: no $tool here" >&2
		exit 1
	}
done
installed() {
	case $1 in
	haproxy | mitmdump) command -v "$1" >/dev/null 2>&1 ;;
	esac
}
wanted=$only
only=
missed=
for c in $all; do
	case " $wanted " in
	*" $c "*) ;;
	*) missed="$missed $c (not asked for)"; continue ;;
	esac
	if installed "$c"; then only="$only $c"
	else missed="$missed $c (not installed)"; fi
done
# A load that hangs must not hang the benchmark.
load() { timeout -k 5 $((seconds + 20)) wrk "$@"; }

$MAKE -s BUILD="$BUILD" "$BUILD/libdvr.a"
pkgs=$(pkg-config --libs libcurl yaml-0.1 libxml-2.0 libpcre2-8 sqlite3 \
	libssl libcrypto zlib libbrotlidec libbrotlienc libzstd \
	libnghttp2 libedit)
$CC -O2 -std=c11 -D_GNU_SOURCE -o "$tmp/bare" "$here/bare_relay.c"
# shellcheck disable=SC2086
$CC -O2 -std=c11 -D_GNU_SOURCE -Iinclude -o "$tmp/driver" \
	"$here/relay_driver.c" "$BUILD/libdvr.a" $pkgs -lm

has() { case " $only " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
free_ports() { "$tmp/driver" ports "$1"; }
# start NAME CMD...: runs it, first line of output is its port
start() {
	name=$1; shift
	"$@" >"$tmp/$name.out" 2>"$tmp/$name.err" &
	eval "pid_$name=$!"
	pids="$pids $!"
}
printed_port() {
	i=0
	while [ ! -s "$tmp/$1.out" ]; do
		i=$((i + 1))
		[ $i -lt 100 ] || { cat "$tmp/$1.err" >&2; exit 1; }
		sleep 0.05
	done
	head -1 "$tmp/$1.out"
}
wait_port() {
	i=0
	until curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$1/1k"; do
		i=$((i + 1))
		[ $i -lt 200 ] || { echo "port $1 does not answer" >&2; exit 1; }
		sleep 0.05
	done
}

# shellcheck disable=SC2046
set -- $(free_ports 4)
backend=$1 nginx_port=$2 haproxy_port=$3 mitm_port=$4
mkdir "$tmp/www" "$tmp/fixtures" "$tmp/fixtures2"
awk 'BEGIN { s = "{\"items\":[";
	while (length(s) < 1021) s = s "7"; printf "%s]}\n", s }' >"$tmp/www/1k"
head -c 65536 /dev/zero | tr '\0' 'x' >"$tmp/www/64k"
truncate -s 1G "$tmp/www/1g"

nginx_conf() { # name, then the server block on stdin
	cat <<-CONF
	worker_processes 1; daemon off; pid $tmp/$1.pid;
	error_log $tmp/$1.log;
	events { worker_connections 8192; }
	http {
		access_log off; sendfile on; tcp_nodelay on;
		keepalive_requests 1000000000; default_type application/json;
		client_body_temp_path $tmp; proxy_temp_path $tmp;
		fastcgi_temp_path $tmp; uwsgi_temp_path $tmp;
		scgi_temp_path $tmp;
		$(cat)
	}
	CONF
}
echo "server { listen 127.0.0.1:$backend; root $tmp/www;
	location = /fail { return 500; } }" |
	nginx_conf backend >"$tmp/backend.conf"
echo "upstream b { server 127.0.0.1:$backend; keepalive 1024;
	keepalive_requests 1000000000; }
	server { listen 127.0.0.1:$nginx_port; location / {
	proxy_pass http://b; proxy_http_version 1.1;
	proxy_set_header Connection \"\"; } }" |
	nginx_conf nginx >"$tmp/nginx.conf"
cat >"$tmp/haproxy.cfg" <<CONF
global
	nbthread 1
	maxconn 8192
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
listen relay
	bind 127.0.0.1:$haproxy_port
	server b 127.0.0.1:$backend
CONF

start backend nginx -e "$tmp/backend.log" -c "$tmp/backend.conf"
port_direct=$backend
wait_port "$backend"
if has bare; then start bare "$tmp/bare" "$backend"
	port_bare=$(printed_port bare); fi
if has nginx; then start nginx nginx -e "$tmp/nginx.log" -c "$tmp/nginx.conf"
	port_nginx=$nginx_port; wait_port "$nginx_port"; fi
if has haproxy; then start haproxy haproxy -db -f "$tmp/haproxy.cfg"
	port_haproxy=$haproxy_port; wait_port "$haproxy_port"; fi
if has relay; then start relay "$tmp/driver" relay "$backend"
	port_relay=$(printed_port relay); fi
if has dvr; then start dvr "$tmp/driver" record "$backend" 64 "$tmp/fixtures"
	port_dvr=$(printed_port dvr); fi

# ---- measuring -------------------------------------------------------------

ticks=$(getconf CLK_TCK)
# Microseconds of CPU of a process and its children so far.
cpu_us() {
	[ "$1" = direct ] && { echo 0; return; }
	eval "p=\$pid_$1"
	cat "/proc/$p/stat" $(for c in $(cat "/proc/$p/task/$p/children"); do
		echo "/proc/$c/stat"; done) | sed 's/.*) //' |
		awk -v t="$ticks" '{ n += $12 + $13 }
			END { printf "%.0f\n", n * 1e6 / t }'
}
rss_kib() { # NAME FIELD
	eval "p=\$pid_$1"
	cat "/proc/$p/status" $(for c in $(cat "/proc/$p/task/$p/children"); do
		echo "/proc/$c/status"; done) |
		awk -v f="$2:" '$1 == f { n += $2 } END { print n + 0 }'
}
us() { # wrk's 12.3us, 4.5ms, 1.2s
	echo "$1" | awk '/us$/ { print $1 + 0; next }
		/ms$/ { print $1 * 1000; next } { print $1 * 1e6 }'
}
# measure NAME CONNECTIONS PATH TAG: one line: req/s, cpu us/req, p50, p99
measure() {
	eval "port=\$port_$1"
	before=$(cpu_us "$1")
	load -t1 -c"$2" -d"${seconds}s" --latency \
		"http://127.0.0.1:$port/$3" >"$tmp/wrk" 2>&1
	after=$(cpu_us "$1")
	n=$(awk '/requests in/ { print $1 }' "$tmp/wrk")
	bad=$(awk '/Socket errors|Non-2xx/' "$tmp/wrk")
	[ -z "$bad" ] || echo "bench: $1 $3: $bad" >&2
	echo "$n $before $after $(awk '/Requests\/sec/ { print $2 }' "$tmp/wrk")" \
		"$(us "$(awk '$1 == "50%" { print $2 }' "$tmp/wrk")")" \
		"$(us "$(awk '$1 == "99%" { print $2 }' "$tmp/wrk")")" |
		awk '{ printf "%s %.2f %s %s\n", $4, $1 ? ($3 - $2) / $1 : 0, $5, $6 }' \
		>>"$tmp/$1.$4"
}
median() { # FILE COLUMN
	awk -v c="$2" '{ print $c }' "$1" | sort -n |
		awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

turn=
for c in direct bare nginx haproxy relay dvr; do
	if has $c; then turn="$turn $c"; fi
done
r=0
while [ $r -lt "$rounds" ]; do
	for c in $turn; do measure "$c" 32 1k small; done
	for c in $turn; do measure "$c" 32 64k large; done
	for c in $turn; do measure "$c" 1 1k single; done
	r=$((r + 1))
done
if has mitmdump; then
	start mitmdump mitmdump -q -p "$mitm_port" --listen-host 127.0.0.1 \
		--mode "reverse:http://127.0.0.1:$backend" -w "$tmp/flows" \
		--set confdir="$tmp/mitm"
	port_mitmdump=$mitm_port
	wait_port "$mitm_port"
	measure mitmdump 32 1k small
	turn="$turn mitmdump"
fi

# ---- the table ---------------------------------------------------------------

row() { # the columns of one candidate
	f="$tmp/$1"
	printf '%s %s %s ' "$1" "$(median "$f.small" 2)" "$(median "$f.small" 1)"
	if [ -e "$f.large" ]; then
		printf '%s %s %s ' "$(median "$f.large" 2)" \
			"$(median "$f.single" 3)" "$(median "$f.single" 4)"
	else
		printf -- '- - - '
	fi
	if [ "$1" = direct ]; then echo 0; else rss_kib "$1" VmRSS; fi
}
for c in $turn; do row "$c"; done >"$tmp/rows"
load_now=$(cut -d' ' -f1 /proc/loadavg)
echo
echo "1 KiB JSON and 64 KiB file, keep-alive; medians of $rounds rounds of" \
	"$seconds s; CPU is the proxy's own, in microseconds a request;" \
	"load average $load_now on $(nproc) cores"
[ -z "$missed" ] || echo "not measured:$missed"
awk '
function ratio(a, b) { return a == "-" || b == "-" || !b ? "-" : sprintf("%.2f", a / b) }
function minus(a, b) { return a == "-" ? "-" : sprintf("%.0f", a - b) }
{ name[NR] = $1; cpu[$1] = $2; rps[$1] = $3; big[$1] = $4; p50[$1] = $5
	p99[$1] = $6; rss[$1] = $7 / 1024 }
END {
	f = "%-10s %8s %7s %7s %9s %7s %8s %8s %8s %8s\n"
	printf f, "", "CPU 1K", "/bare", "/nginx", "req/s", "/direct", \
		"CPU 64K", "+p50 us", "+p99 us", "RSS MiB"
	for (i = 1; i <= NR; i++) {
		n = name[i]
		printf f, n, n == "direct" ? "-" : cpu[n], \
			n == "direct" ? "-" : ratio(cpu[n], cpu["bare"]), \
			n == "direct" ? "-" : ratio(cpu[n], cpu["nginx"]), \
			rps[n], ratio(rps[n], rps["direct"]), \
			n == "direct" ? "-" : big[n], \
			minus(p50[n], p50["direct"]), \
			minus(p99[n], p99["direct"]), sprintf("%.1f", rss[n])
	}
	if (cpu["dvr"]) {
		printf "recording beside relay only: CPU %s at 1 KiB, %s at 64 KiB\n", \
			ratio(cpu["dvr"], cpu["relay"]), ratio(big["dvr"], big["relay"])
		printf "dvr beside mitmdump -w: %s times its requests a second\n", \
			ratio(rps["dvr"], rps["mitmdump"])
	}
}' "$tmp/rows"

# ---- memory, and the stall of a commit -----------------------------------------

if has dvr; then
	echo
	ring=16
	start memory "$tmp/driver" record "$backend" $ring "$tmp/fixtures"
	port=$(printed_port memory)
	load -t1 -c32 -d1s "http://127.0.0.1:$port/64k" >/dev/null
	base=$(rss_kib memory VmRSS)
	load -t1 -c1000 -d"${seconds}s" "http://127.0.0.1:$port/1k" >/dev/null
	many=$(rss_kib memory VmHWM)
	curl -s -o /dev/null --max-time 60 "http://127.0.0.1:$port/1g"
	gig=$(rss_kib memory VmHWM)
	echo "ring $ring MiB: RSS $((base / 1024)) MiB when full," \
		"$((many / 1024)) at the peak of 1,000 connections," \
		"$((gig / 1024)) after a body of 1 GiB"

	start stall "$tmp/driver" record "$backend" 256 "$tmp/fixtures2"
	port=$(printed_port stall)
	i=0
	while [ $i -lt 20 ]; do
		load -t1 -c8 -d1s "http://127.0.0.1:$port/64k" >/dev/null
		[ "$(rss_kib stall VmRSS)" -lt 262144 ] || break
		i=$((i + 1))
	done
	full=$(rss_kib stall VmRSS)
	curl -s -o /dev/null --max-time 5 "http://127.0.0.1:$port/fail" || true
	load -t1 -c1 -d1s --latency "http://127.0.0.1:$port/1k" >"$tmp/wrk"
	eval "kill \$pid_stall"
	eval "wait \$pid_stall" || true
	echo "full ring of 256 MiB (RSS $((full / 1024)) MiB), one commit:" \
		"$(tail -1 "$tmp/stall.out")"
	echo "  beside it, one connection: worst answer" \
		"$(awk '$1 == "Latency" && $4 { print $4; exit }' "$tmp/wrk")"
fi
