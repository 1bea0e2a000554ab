/* What a spec like macos:dump.bin,release=15 opens. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/capture.h"
#include "source/source.h"

/* What the kernel of a file answers from; owned by tcps_session. */
#define MOST_KEYS 16
typedef struct answers {
    tcps_fixed_answer fixed[MOST_KEYS];
    void *owned[MOST_KEYS];
    size_t count;
} answers;

static void free_answers(answers *a) {
    if (!a) return;
    for (size_t i = 0; i < a->count; i++) free(a->owned[i]);
    free(a);
}

static tcps_code read_file(const char *path, uint8_t **bytes, size_t *len, tcps_status *status) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return tcps_fail_errno(status, errno, "cannot read %s", path);
    tcps_buffer b = {0};
    uint8_t piece[64 << 10];
    ssize_t got;
    int error = 0;
    while (!error && ((got = read(fd, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR)))
        if (got > 0) error = tcps_buffer_append(&b, piece, (size_t)got);
    if (!error && got < 0) error = errno;
    close(fd);
    if (error) {
        free(b.bytes);
        return tcps_fail_errno(status, error, "cannot read %s", path);
    }
    *bytes = b.bytes;
    *len = b.len;
    return TCPS_OK;
}

static tcps_code add_answer(answers *a, const tcps_spec_key *key, void *owned, size_t len, tcps_status *status) {
    if (a->count == MOST_KEYS) {
        free(owned);
        return tcps_fail(status, TCPS_USAGE, "too many keys");
    }
    a->owned[a->count] = owned;
    a->fixed[a->count++] = (tcps_fixed_answer){key->kind, key->name, owned ? owned : "", len};
    return TCPS_OK;
}

static const tcps_spec_key *find_key(const tcps_source_class *class, const char *name, size_t len, tcps_status *status) {
    for (const tcps_spec_key *k = class->keys; k->help; k++)
        if (k->key && strlen(k->key) == len && memcmp(k->key, name, len) == 0) return k;
    char all[160] = "";
    for (const tcps_spec_key *k = class->keys; k->help; k++)
        if (k->key) snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", all[0] ? ", " : "", k->key);
    if (all[0])
        tcps_fail(status, TCPS_USAGE, "%s: unknown key '%.*s', there are: %s", class->name, (int)len, name, all);
    else
        tcps_fail(status, TCPS_USAGE, "%s: unknown key '%.*s', it takes none", class->name, (int)len, name);
    return NULL;
}

/* KEY=VALUE{,KEY=VALUE}, or KEY alone for one that is on or off. */
static tcps_code add_options(answers *a, const tcps_source_class *class, const char *options, tcps_status *status) {
    while (options && *options) {
        const char *end = strchr(options, ',');
        size_t len = end ? (size_t)(end - options) : strlen(options);
        const char *equals = memchr(options, '=', len);
        size_t name_len = equals ? (size_t)(equals - options) : len;
        const tcps_spec_key *key = find_key(class, options, name_len, status);
        if (!key) return TCPS_USAGE;
        size_t value_len = equals ? len - name_len - 1 : 0;
        char *value = strndup(equals ? equals + 1 : "", value_len);
        if (!value) return tcps_fail(status, TCPS_NOMEM, "no memory");
        uint8_t *bytes = (uint8_t *)value;
        if (!key->literal) {
            tcps_code code = read_file(value, &bytes, &value_len, status);
            free(value);
            if (code != TCPS_OK) return code;
        }
        tcps_code code = add_answer(a, key, bytes, value_len, status);
        if (code != TCPS_OK) return code;
        options = end ? end + 1 : NULL;
    }
    return TCPS_OK;
}

static tcps_code open_kernel(tcps_session *o, tcps_kernel *kernel, tcps_status *status) {
    o->kernel = kernel;
    if (!kernel) return tcps_fail(status, TCPS_NOMEM, "no memory");
    tcps_status local = {0};
    o->source = o->class->open(kernel, &local);
    if (o->source) return TCPS_OK;
    if (status) *status = local;
    return local.code;
}

/* Takes `bytes`: the FILE answers every key without a name. The first of these answers owns it. */
static tcps_code add_file(answers *a, const tcps_source_class *class, uint8_t *bytes, size_t len, tcps_status *status) {
    const tcps_fixed_answer *first = NULL;
    for (const tcps_spec_key *k = class->keys; k->help; k++) {
        if (k->key) continue;
        if (!first) {
            tcps_code code = add_answer(a, k, bytes, len, status);
            if (code != TCPS_OK) return code;
            first = &a->fixed[a->count - 1];
        } else {
            if (a->count == MOST_KEYS) return tcps_fail(status, TCPS_USAGE, "too many keys");
            a->fixed[a->count++] = (tcps_fixed_answer){k->kind, k->name, first->bytes, first->len};
        }
    }
    return TCPS_OK;
}

static tcps_code open_answers(tcps_session *o, tcps_status *status) {
    answers *a = o->owned;
    return open_kernel(o, tcps_kernel_fixed(a->fixed, a->count), status);
}

static tcps_code open_file(tcps_session *o, const char *path, const char *options, tcps_status *status) {
    answers *a = o->owned = calloc(1, sizeof *a);
    if (!a) return tcps_fail(status, TCPS_NOMEM, "no memory");
    uint8_t *bytes = NULL;
    size_t len = 0;
    tcps_code code = read_file(path, &bytes, &len, status);
    if (code == TCPS_OK) code = add_file(a, o->class, bytes, len, status);
    if (code == TCPS_OK) code = add_options(a, o->class, options, status);
    return code == TCPS_OK ? open_answers(o, status) : code;
}

static tcps_code finish(tcps_session *o, tcps_code code) {
    if (code != TCPS_OK) tcps_source_close(o);
    return code;
}

static tcps_code open_live(tcps_session *o, const char *record, tcps_status *status) {
    const char *name = o->class->name;
    if (!o->class->live) return tcps_fail(status, TCPS_USAGE, "%s: this system has no such kernel; name a file, as in %s:dump.bin", name, name);
    tcps_kernel *kernel = tcps_kernel_live();
    if (kernel && record) {
        tcps_status local = {0};
        kernel = tcps_kernel_recording(kernel, record, name, &local);
        if (!kernel) {
            if (status) *status = local;
            return local.code;
        }
    }
    return open_kernel(o, kernel, status);
}

static tcps_code open_capture(tcps_session *o, const char *path, const char *options, tcps_status *status) {
    if (options) return find_key(o->class, options, strcspn(options, "=,"), status), TCPS_USAGE;
    char *name = NULL;
    tcps_status local = {0};
    tcps_kernel *kernel = tcps_kernel_capture(path, &name, &local);
    if (!kernel) {
        if (status) *status = local;
        return local.code;
    }
    o->kernel = kernel;
    o->class = tcps_source_named(name, strlen(name), NULL);
    tcps_code code = o->class && o->class->open
                         ? open_kernel(o, kernel, status)
                         : tcps_fail(status, TCPS_UNSUPPORTED, "%s: recorded by the source '%s', which this version does not have", path, name);
    free(name);
    return code;
}

tcps_code tcps_source_open(const char *spec, const char *record, tcps_session *opened, tcps_status *status) {
    *opened = (tcps_session){0};
    size_t name_len = strcspn(spec, ":,");
    opened->class = tcps_source_named(spec, name_len, status);
    if (!opened->class) return status ? status->code : TCPS_USAGE;
    const char *name = opened->class->name, *rest = spec + name_len;
    if (*rest == ',') return tcps_fail(status, TCPS_USAGE, "%s: keys follow a file, as in %s:FILE%s", name, name, rest);
    if (!*rest) return finish(opened, open_live(opened, record, status));
    if (record) return tcps_fail(status, TCPS_USAGE, "only the running kernel can be recorded, and %s names a file", spec);
    size_t path_len = strcspn(rest + 1, ",");
    if (!path_len) return tcps_fail(status, TCPS_USAGE, "%s: the file is missing, as in %s:dump.bin", name, name);
    char *path = strndup(rest + 1, path_len);
    if (!path) return tcps_fail(status, TCPS_NOMEM, "no memory");
    const char *options = rest[1 + path_len] ? rest + 1 + path_len + 1 : NULL;
    tcps_code code = (opened->class->open ? open_file : open_capture)(opened, path, options, status);
    free(path);
    return finish(opened, code);
}

tcps_code tcps_source_next(tcps_session *o, tcps_status *status) {
    if (o->begun || !o->kernel->next) return TCPS_OK;
    tcps_code code = o->kernel->next(o->kernel, &o->upcoming, status);
    o->begun = code == TCPS_OK;
    return code;
}

static tcps_code add_option(tcps_session *o, const tcps_spec_value *option, tcps_status *status) {
    const tcps_spec_key *key = option->key ? find_key(o->class, option->key, strlen(option->key), status) : NULL;
    if (option->key && !key) return TCPS_USAGE;
    uint8_t *copy = malloc(option->len + 1);
    if (!copy) return tcps_fail(status, TCPS_NOMEM, "no memory");
    if (option->len) memcpy(copy, option->bytes, option->len);
    copy[option->len] = 0;
    return key ? add_answer(o->owned, key, copy, option->len, status) : add_file(o->owned, o->class, copy, option->len, status);
}

tcps_code tcps_source_open_bytes(const char *name, const tcps_spec_value *options, size_t count, tcps_session *opened, tcps_status *status) {
    *opened = (tcps_session){0};
    opened->class = tcps_source_named(name, strlen(name), status);
    if (!opened->class) return status ? status->code : TCPS_USAGE;
    if (!opened->class->open) return tcps_fail(status, TCPS_USAGE, "%s: a capture is read from its file", name);
    opened->owned = calloc(1, sizeof(answers));
    tcps_code code = opened->owned ? TCPS_OK : tcps_fail(status, TCPS_NOMEM, "no memory");
    for (size_t i = 0; code == TCPS_OK && i < count; i++) code = add_option(opened, &options[i], status);
    return finish(opened, code == TCPS_OK ? open_answers(opened, status) : code);
}

tcps_code tcps_source_finish(tcps_session *o, tcps_status *status) {
    return o->kernel && o->kernel->finish ? o->kernel->finish(o->kernel, status) : TCPS_OK;
}

void tcps_source_close(tcps_session *o) {
    if (o->source) o->class->close(o->source);
    if (o->kernel) o->kernel->close(o->kernel);
    free_answers(o->owned);
    *o = (tcps_session){0};
}
