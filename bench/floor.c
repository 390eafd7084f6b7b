/*
 * The floor without a runtime: as servers/floor.mjs, in C. What it needs for an answer is the kernel's time, which no server on any
 * runtime gets around.
 *
 *   floor PORT     REQUEST_BYTES, RESPONSE_BYTES, OPENING_BYTES in the environment
 *
 * Where RESPONSE_BYTES is 0, a request is a close frame: it is answered with one, and the connection closed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16, ANSWER_BYTES = 1 << 21 };

struct connection {
  int fd;
  size_t opening; /* bytes of the opening that have not come */
  size_t got;     /* bytes of a request that have come */
  size_t owed;    /* bytes of answers to be written */
  int wants_write;
};

/* As long as that of servers/floor.mjs. */
static const char SWITCHED[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const unsigned char CLOSE[] = {0x88, 0x02, 0x03, 0xe8};
static int epoll;
static size_t request_bytes, response_bytes, opening_bytes;
static unsigned char *answer;

static size_t number(const char *name) {
  const char *text = getenv(name);
  return text == NULL ? 0 : (size_t)atoll(text);
}

static void watch(struct connection *c, int op) {
  struct epoll_event event = {.events = EPOLLIN | (c->wants_write ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(epoll, op, c->fd, &event);
}

/* Many short answers leave in one write. */
static void write_owed(struct connection *c) {
  while (c->owed > 0) {
    size_t length = c->owed < ANSWER_BYTES ? c->owed : ANSWER_BYTES;
    ssize_t sent = write(c->fd, answer, length);
    if (sent < 0) break;
    c->owed -= (size_t)sent;
  }
  int wants = c->owed > 0;
  if (wants == c->wants_write) return;
  c->wants_write = wants;
  watch(c, EPOLL_CTL_MOD);
}

static void drop(struct connection *c) {
  close(c->fd);
  free(c);
}

static void receive(struct connection *c, size_t count) {
  if (c->opening > 0) {
    size_t taken = count < c->opening ? count : c->opening;
    c->opening -= taken;
    count -= taken;
    if (c->opening > 0) return;
    if (write(c->fd, SWITCHED, sizeof SWITCHED - 1) < 0) return;
  }
  c->got += count;
  if (c->got >= request_bytes && response_bytes == 0) {
    if (write(c->fd, CLOSE, sizeof CLOSE) < 0) perror("floor: write");
    drop(c);
    return;
  }
  c->owed += c->got / request_bytes * response_bytes;
  c->got %= request_bytes;
  write_owed(c);
}

static void welcome(int listener) {
  int one = 1;
  struct connection *c = calloc(1, sizeof *c);
  c->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (c->fd < 0) {
    free(c);
    return;
  }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->opening = opening_bytes;
  watch(c, EPOLL_CTL_ADD);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: floor PORT\n");
    return 2;
  }
  request_bytes = number("REQUEST_BYTES");
  response_bytes = number("RESPONSE_BYTES");
  opening_bytes = number("OPENING_BYTES");
  if (request_bytes == 0) {
    fprintf(stderr, "floor: REQUEST_BYTES is 0\n");
    return 2;
  }
  answer = calloc(1, ANSWER_BYTES);
  static unsigned char buffer[BUFFER_BYTES];
  int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 511) < 0) {
    perror("floor");
    return 1;
  }
  epoll = epoll_create1(0);
  struct epoll_event first = {.events = EPOLLIN, .data.ptr = NULL}, events[512];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &first);
  printf("ready in 0 ms\n");
  fflush(stdout);
  for (;;) {
    int ready = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (c == NULL) {
        welcome(listener);
        continue;
      }
      if (events[i].events & EPOLLOUT) write_owed(c);
      if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      ssize_t got = read(c->fd, buffer, BUFFER_BYTES);
      if (got > 0) receive(c, (size_t)got);
      else if (got == 0 || errno != EAGAIN) drop(c);
    }
  }
}
