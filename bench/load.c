/*
 * A load generator that is never the bottleneck: one thread, epoll, prebuilt bytes, answers told apart by counting.
 *
 *   load PORT MODE CONNECTIONS DEPTH REQUEST RESPONSE_BYTES WARMUP_MS MEASURE_MS [OPENING] [flood=N] [total=N] [polls]
 *
 * MODE       echo       each connection keeps DEPTH copies of REQUEST in flight; RESPONSE_BYTES come back for each
 *            broadcast  the first connection sends REQUEST; RESPONSE_BYTES come back on every connection; then again
 *            hold       sends REQUEST once on each connection; when all answers are there, prints, and keeps all
 *                       connections open until standard input ends
 *            mute       sends REQUEST once on each connection and reads nothing from then on; when all is sent, prints,
 *                       and keeps all connections open until standard input ends
 *            open       connect, send OPENING, read its answer, send REQUEST, read until the end; then again
 * REQUEST    a file with the bytes to send
 * RESPONSE_BYTES  0: the length of the first answer, which must come whole in 100 ms
 * OPENING    a file with bytes to send first; its answer ends with an empty line and is not counted
 * flood=N    echo: one more connection keeps N copies of REQUEST in flight, and is counted apart
 * total=N    open: stop after N answers, whatever MEASURE_MS says
 * polls      never sleeps, where it has a core of its own: to wake a core that sleeps is work for the one that writes, on a
 *            virtual machine often more than all else, and would be counted as the server's
 *
 * Prints one line of JSON: answers and seconds of the measurement, all answers there were, those of the flooding
 * connection, and the latency of single answers in microseconds (DEPTH 1 alone, without the flooding connection).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 20, LATENCIES = 1 << 22 };

struct connection {
  int fd;
  int opened;        /* the answer to OPENING has come */
  int tail;          /* how much of CR LF CR LF has been seen */
  size_t owed;       /* bytes of answers still to come for what is in flight */
  size_t unanswered; /* bytes of the answer at hand that are missing */
  size_t to_send;    /* bytes still to be written */
  size_t at;         /* where in REQUEST the next byte to write is */
  int wants_write;
  int deaf;          /* it reads no more */
  uint64_t sent_at;
};

static unsigned char *request, *opening;
static size_t request_bytes, opening_bytes, response_bytes;
static int epoll, port, count, depth, flood, polls, copies; /* copies: how often REQUEST is repeated in memory */
static struct connection *all, *flooder;
static unsigned char *buffer;
static uint64_t answers, all_answers, flood_answers, measured_from;
static uint32_t *latencies;
static size_t latency_count;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static unsigned char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) die(path);
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*length + 1);
  if (fread(bytes, 1, *length, file) != *length) die(path);
  fclose(file);
  return bytes;
}

static void watch(struct connection *c, int op) {
  struct epoll_event event = {.events = (c->deaf ? 0 : EPOLLIN) | (c->wants_write ? EPOLLOUT : 0), .data.ptr = c};
  if (epoll_ctl(epoll, op, c->fd, &event) < 0) die("epoll_ctl");
}

static void dial(struct connection *c) {
  memset(c, 0, sizeof *c);
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (c->fd < 0) die("socket");
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);

  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  watch(c, EPOLL_CTL_ADD);
  if (opening) {
    if (write(c->fd, opening, opening_bytes) != (ssize_t)opening_bytes) die("write opening");
  } else {
    c->opened = 1;
  }
}

static void send_more(struct connection *c) {
  while (c->to_send > 0) {
    /* Many copies of a short request leave in one write: REQUEST is repeated in memory. */
    size_t length = request_bytes * (size_t)copies - c->at;
    if (length > c->to_send) length = c->to_send;
    ssize_t sent = write(c->fd, request + c->at, length);
    if (sent < 0) {
      if (errno != EAGAIN) die("write");
      break;
    }
    c->at = (c->at + (size_t)sent) % request_bytes;
    c->to_send -= (size_t)sent;
  }
  int wants = c->to_send > 0;
  if (wants != c->wants_write) {
    c->wants_write = wants;
    watch(c, EPOLL_CTL_MOD);
  }
}

static void ask(struct connection *c, size_t times) {
  c->to_send += times * request_bytes;
  if (depth == 1) c->sent_at = now_ns();
  send_more(c);
}

static void receive_echo(struct connection *c, size_t got) {
  size_t done = 0;
  c->owed += got;
  if (response_bytes > 0) {
    done = c->owed / response_bytes;
    c->owed %= response_bytes;
  }
  if (done == 0) return;
  all_answers += done;
  if (c == flooder) {
    flood_answers += done;
    ask(c, done);
    return;
  }
  answers += done;
  if (depth == 1 && measured_from && latency_count < LATENCIES) {
    latencies[latency_count++] = (uint32_t)((now_ns() - c->sent_at) / 100);
  }
  ask(c, done);
}

/* What is in flight at first. */
static void begin(struct connection *c) { ask(c, (size_t)(c == flooder ? flood : depth)); }

/* Says that all is as it should be, and stays until standard input ends. */
static int stay(void) {
  printf("{\"answers\":%llu}\n", (unsigned long long)answers);
  fflush(stdout);
  while (read(0, buffer, READ_BYTES) > 0) {}
  return 0;
}

static int waiting;

static void receive_broadcast(struct connection *c, size_t got) {
  c->owed += got;
  while (c->owed >= response_bytes) {
    c->owed -= response_bytes;
    answers++;
    all_answers++;
    if (--waiting == 0) {
      waiting = count;
      ask(&all[0], 1);
    }
  }
}

/* Takes the answer to OPENING; returns how many bytes are behind it. */
static size_t receive_opening(struct connection *c, size_t got) {
  for (size_t i = 0; i < got; i++) {
    unsigned char byte = buffer[i];
    if (byte == '\r') c->tail = c->tail == 2 ? 3 : 1;
    else if (byte == '\n' && (c->tail == 1 || c->tail == 3)) c->tail++;
    else c->tail = 0;
    if (c->tail == 4) {
      c->opened = 1;
      return got - i - 1;
    }
  }
  return 0;
}

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  if (argc < 9) {
    fprintf(stderr, "usage: load PORT MODE CONNECTIONS DEPTH REQUEST RESPONSE_BYTES WARMUP_MS MEASURE_MS [OPENING] [flood=N] [total=N] [polls]\n");
    return 2;
  }
  port = atoi(argv[1]);
  const char *mode = argv[2];
  count = atoi(argv[3]);
  depth = atoi(argv[4]);
  unsigned char *one = read_file(argv[5], &request_bytes);
  response_bytes = (size_t)atoll(argv[6]);
  uint64_t warmup = (uint64_t)atoll(argv[7]) * 1000000u, measure = (uint64_t)atoll(argv[8]) * 1000000u;
  uint64_t total = 0;
  for (int i = 9; i < argc; i++) {
    if (strncmp(argv[i], "flood=", 6) == 0) flood = atoi(argv[i] + 6);
    else if (strncmp(argv[i], "total=", 6) == 0) total = (uint64_t)atoll(argv[i] + 6);
    else if (strcmp(argv[i], "polls") == 0) polls = 1;
    else opening = read_file(argv[i], &opening_bytes);
  }
  int is_open = strcmp(mode, "open") == 0, is_broadcast = strcmp(mode, "broadcast") == 0;
  int is_hold = strcmp(mode, "hold") == 0, is_mute = strcmp(mode, "mute") == 0;
  copies = flood > depth ? flood : depth;
  request = malloc(request_bytes * (size_t)copies);
  for (int i = 0; i < copies; i++) memcpy(request + (size_t)i * request_bytes, one, request_bytes);
  buffer = malloc(READ_BYTES);
  latencies = malloc(LATENCIES * sizeof *latencies);
  int everyone = count + (flood > 0);
  all = calloc((size_t)everyone, sizeof *all);
  if (flood > 0) flooder = &all[count];
  epoll = epoll_create1(0);
  for (int i = 0; i < everyone; i++) {
    dial(&all[i]);
    /* Many at once would overrun the queue of connections that wait to be accepted. */
    if (i % 100 == 99) usleep(20000);
  }
  waiting = count;

  int opened = 0, muted = 0;
  uint64_t start = 0, end = 0, last = now_ns();
  if (!opening && !is_open) {
    opened = everyone;
    for (int i = 0; i < everyone; i++) {
      if (!is_broadcast) begin(&all[i]);
    }
    if (is_broadcast) ask(&all[0], 1);
  }
  if (opened == everyone || is_open) start = now_ns();
  struct epoll_event events[512];
  for (;;) {
    int ready = epoll_wait(epoll, events, 512, polls ? 0 : 1000);
    uint64_t now = now_ns();
    if (!is_hold && start && !measured_from && now - start >= warmup) {
      measured_from = now;
      answers = flood_answers = 0;
    }
    if (!is_hold && measured_from && (total ? all_answers >= total : now - measured_from >= measure)) {
      end = now;
      break;
    }
    if (ready > 0) last = now;
    else if (now - last > 5000000000u) {
      fprintf(stderr, "load: nothing came for 5 s (%d of %d connections open)\n", opened, everyone);
      return 1;
    }
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_more(c);
      if (c->deaf) {
        if (events[i].events & (EPOLLHUP | EPOLLERR)) die("a connection ended");
        if (c->to_send == 0 && ++muted == count) return stay();
        continue;
      }
      if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      ssize_t got = read(c->fd, buffer, READ_BYTES);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) {
        if (!is_open || !c->opened) die("a connection ended");
        answers++;
        all_answers++;
        close(c->fd);
        dial(c);
        continue;
      }
      size_t left = (size_t)got;
      if (!c->opened) {
        left = receive_opening(c, left);
        if (!c->opened) continue;
        if (is_open) {
          if (write(c->fd, request, request_bytes) != (ssize_t)request_bytes) die("write");
          continue;
        }
        opened++;
        if (is_mute) {
          c->deaf = 1;
          c->to_send = request_bytes;
          /* The rest is sent when the system says that there is room, which it says at least once. */
          c->wants_write = 1;
          watch(c, EPOLL_CTL_MOD);
          continue;
        }
        if (opened == everyone) {
          start = now_ns();
          if (is_broadcast) ask(&all[0], 1);
          else for (int k = 0; k < everyone; k++) begin(&all[k]);
        }
      }
      if (is_open || left == 0) continue;
      if (response_bytes == 0) response_bytes = left;
      if (is_hold) {
        c->owed += left;
        if (c->owed == response_bytes && ++answers == (uint64_t)count) return stay();
        continue;
      }
      if (is_broadcast) receive_broadcast(c, left);
      else receive_echo(c, left);
    }
  }
  double seconds = (double)(end - measured_from) / 1e9;
  qsort(latencies, latency_count, sizeof *latencies, compare);
  double p50 = latency_count ? latencies[latency_count / 2] / 10.0 : 0;
  double p99 = latency_count ? latencies[latency_count * 99 / 100] / 10.0 : 0;
  printf("{\"answers\":%llu,\"seconds\":%.4f,\"allAnswers\":%llu,\"floodAnswers\":%llu,\"p50us\":%.1f,\"p99us\":%.1f}\n",
         (unsigned long long)answers, seconds, (unsigned long long)all_answers, (unsigned long long)flood_answers, p50, p99);
  return 0;
}
