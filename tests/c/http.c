/* Plain HTTP to the test servers' control addresses, over a socket. */
#include "http.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(const char *base) {
    char host[128], port[16];
    if (sscanf(base, "http://%127[^:]:%15[0-9]", host, port) != 2) return -1;
    struct addrinfo hints = {0}, *found = NULL;
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &found) != 0) return -1;
    int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

static bool exchange(int fd, const buffer *request, buffer *answer) {
    for (size_t sent = 0; sent < request->length;) {
        ssize_t more = write(fd, request->data + sent, request->length - sent);
        if (more <= 0) return false;
        sent += (size_t)more;
    }
    char part[4096];
    ssize_t length;
    while ((length = read(fd, part, sizeof part)) > 0) buffer_add(answer, part, (size_t)length);
    return length == 0;
}

bool http_send(const char *base, const char *method, const char *path, const char *body, buffer *answer) {
    buffer request = {0}, whole = {0};
    char length[64];
    buffer_add(&whole, "", 0);
    /* HTTP/1.0: the answer is not chunked and ends with the connection. */
    buffer_puts(&request, method);
    buffer_puts(&request, " ");
    buffer_puts(&request, path);
    buffer_puts(&request, " HTTP/1.0\r\nHost: control\r\nContent-Type: application/json\r\n");
    snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", strlen(body));
    buffer_puts(&request, length);
    buffer_puts(&request, body);

    int fd = dial(base);
    bool good = fd >= 0 && exchange(fd, &request, &whole);
    if (fd >= 0) close(fd);
    const char *head_end = good ? strstr(whole.data, "\r\n\r\n") : NULL;
    good = head_end != NULL && strncmp(whole.data + strlen("HTTP/1.x"), " 2", 2) == 0;
    if (good) buffer_add(answer, head_end + 4, whole.length - (size_t)(head_end + 4 - whole.data));
    free(request.data);
    free(whole.data);
    return good;
}
