/* A hand-derived LSTM in C, as a candidate: reads a case, writes the gradients.

       ./lstm case.safetensors gradients.safetensors

   Model: LSTM with tanh on the output, linear readout, softmax cross-entropy summed over all steps and batch entries,
   float64. The formats of both files are described in docs/exchange.md; the equations' numbers are those of
   handgrad/cells/lstm.py. dv means dL/dv and has v's shape; arrays are in row-major order, shapes stand at line ends.
   C11, no library but libc and libm. */

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *which) {
    fprintf(stderr, "%s: %s\n", which, what);
    exit(2);
}

static double *zeros(size_t n) {
    double *array = calloc(n ? n : 1, sizeof *array);
    if (!array) fail("out of memory", "lstm");
    return array;
}

/* ---- a safetensors file: 8 bytes of length, a JSON header of that length, then the bytes of all arrays ---- */

typedef struct {
    char *header;       /* ends with a zero byte */
    const char *bytes;  /* the arrays */
    size_t size;        /* of the arrays together */
} File;

typedef struct {
    char dtype[8];
    int ndim;
    size_t shape[4];
    size_t begin, end;
} Entry;

static File read_file(const char *path) {
    FILE *stream = fopen(path, "rb");
    uint8_t length[8];
    if (!stream || fread(length, 1, 8, stream) != 8) fail("cannot be read", path);
    uint64_t n = 0;
    for (int k = 7; k >= 0; k--) n = n << 8 | length[k]; /* little endian */
    if (n > 100000000) fail("is no safetensors file", path);
    File file = {malloc(n + 1), NULL, 0};
    if (!file.header || fread(file.header, 1, n, stream) != n) fail("is no safetensors file", path);
    file.header[n] = 0;
    size_t room = 1 << 16;
    char *bytes = malloc(room);
    for (size_t got; bytes && (got = fread(bytes + file.size, 1, room - file.size, stream)) > 0;)
        if ((file.size += got) == room) bytes = realloc(bytes, room *= 2);
    if (!bytes) fail("out of memory", path);
    fclose(stream);
    file.bytes = bytes;
    return file;
}

/* Behind the string that begins at s, with its quotes. */
static const char *skip_string(const char *s) {
    for (s++; *s && *s != '"'; s++)
        if (*s == '\\' && s[1]) s++;
    return *s ? s + 1 : s;
}

/* The value of a key of the object that begins at s, or NULL. */
static const char *member(const char *s, const char *key) {
    size_t length = strlen(key);
    int depth = 0;
    while (*s) {
        if (*s == '"') {
            const char *end = skip_string(s);
            const char *after = end + strspn(end, " \n\r\t");
            if (depth == 1 && *after == ':' && (size_t)(end - s) == length + 2 && !strncmp(s + 1, key, length))
                return after + 1 + strspn(after + 1, " \n\r\t");
            s = end;
            continue;
        }
        if (*s == '{' || *s == '[') depth++;
        if ((*s == '}' || *s == ']') && --depth == 0) return NULL;
        s++;
    }
    return NULL;
}

static Entry entry(File file, const char *name) {
    Entry found = {"", 0, {1, 1, 1, 1}, 0, 0};
    const char *about = member(file.header, name);
    if (!about) fail("is not in the case", name);
    const char *dtype = member(about, "dtype"), *shape = member(about, "shape"), *span = member(about, "data_offsets");
    if (!dtype || !shape || !span) fail("is damaged", name);
    sscanf(dtype, "\"%7[^\"]", found.dtype);
    for (const char *s = shape + 1; *s && *s != ']' && found.ndim < 4;) {
        char *end;
        found.shape[found.ndim++] = strtoull(s, &end, 10);
        s = end + strspn(end, ", ");
    }
    if (sscanf(span, "[%zu , %zu", &found.begin, &found.end) != 2) fail("is damaged", name);
    if (found.begin > found.end || found.end > file.size) fail("is damaged", name);
    return found;
}

/* The numbers of an array whose dtype and number of entries are known. */
static void *numbers(File file, const char *name, const char *dtype, size_t count) {
    Entry found = entry(file, name);
    if (strcmp(found.dtype, dtype)) fail("this program reads float64 cases with 64-bit class indices only", name);
    if (found.end - found.begin != 8 * count) fail("has another shape than the sizes of x, W_hh and W_hy say", name);
    void *copy = zeros(count);
    memcpy(copy, file.bytes + found.begin, 8 * count);
    return copy;
}

/* Fail unless the case's description says key: "value". It is JSON in a JSON string: its quotes are escaped. */
static void must_say(const char *description, const char *key, const char *value) {
    char text[96];
    snprintf(text, sizeof text, "\\\"%s\\\": \\\"%s\\\"", key, value);
    if (!strstr(description, text)) fail("this program has the LSTM with tanh and softmax-cross-entropy, summed", key);
}

typedef struct {
    const char *name;
    const double *values;
    int ndim;
    size_t shape[3];
} Array;

static size_t count(Array array) {
    size_t n = 1;
    for (int k = 0; k < array.ndim; k++) n *= array.shape[k];
    return n;
}

static void write_file(const char *path, const Array *arrays, int n) {
    char header[4096] = "{\"__metadata__\":{\"handgrad-gradients\":\"{\\\"format\\\": 1}\"}";
    size_t at = strlen(header), begin = 0;
    for (int k = 0; k < n; k++) {
        at += snprintf(header + at, sizeof header - at, ",\"%s\":{\"dtype\":\"F64\",\"shape\":[", arrays[k].name);
        for (int axis = 0; axis < arrays[k].ndim; axis++)
            at += snprintf(header + at, sizeof header - at, axis ? ",%zu" : "%zu", arrays[k].shape[axis]);
        size_t end = begin + 8 * count(arrays[k]);
        at += snprintf(header + at, sizeof header - at, "],\"data_offsets\":[%zu,%zu]}", begin, end);
        begin = end;
    }
    at += snprintf(header + at, sizeof header - at, "}");
    while (at % 8) header[at++] = ' '; /* so that the arrays are aligned */
    FILE *stream = fopen(path, "wb");
    if (!stream) fail("cannot be written", path);
    for (int k = 0; k < 8; k++) fputc((int)((uint64_t)at >> 8 * k & 255), stream);
    fwrite(header, 1, at, stream);
    for (int k = 0; k < n; k++) fwrite(arrays[k].values, 8, count(arrays[k]), stream);
    if (ferror(stream) | fclose(stream)) fail("cannot be written", path);
}

/* ---- linear algebra, as far as it is needed; both add to what is there ---- */

/* y (m) += W (m n) x (n) */
static void times(double *y, const double *W, const double *x, size_t m, size_t n) {
    for (size_t j = 0; j < m; j++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++) sum += W[j * n + k] * x[k];
        y[j] += sum;
    }
}

/* x (n) += Wᵀ y, with W (m n), y (m) */
static void transposed_times(double *x, const double *W, const double *y, size_t m, size_t n) {
    for (size_t j = 0; j < m; j++)
        for (size_t k = 0; k < n; k++) x[k] += W[j * n + k] * y[j];
}

/* W (m n) += y xᵀ, with y (m), x (n) */
static void add_outer(double *W, const double *y, const double *x, size_t m, size_t n) {
    for (size_t j = 0; j < m; j++)
        for (size_t k = 0; k < n; k++) W[j * n + k] += y[j] * x[k];
}

static void add(double *y, const double *x, size_t n) {
    for (size_t k = 0; k < n; k++) y[k] += x[k];
}

static double sigmoid(double a) { return 1 / (1 + exp(-a)); }

int main(int argc, char **argv) {
    if (argc != 3) fail("needs two arguments: the case, and where to write the gradients", argv[0]);
    File file = read_file(argv[1]);
    const char *metadata = member(file.header, "__metadata__");
    const char *description = metadata ? member(metadata, "handgrad-case") : NULL;
    if (!description) fail("is no case: it has no handgrad-case in its metadata", argv[1]);
    must_say(description, "cell", "lstm");
    must_say(description, "activation", "tanh");
    must_say(description, "loss", "softmax-cross-entropy");
    must_say(description, "reduction", "sum");

    Entry ex = entry(file, "x");
    size_t T = ex.shape[0], B = ex.shape[1], D = ex.shape[2];
    size_t H = entry(file, "W_hh").shape[1], K = entry(file, "W_hy").shape[0], A = 4 * H;
    double *W_ih = numbers(file, "W_ih", "F64", A * D);    /* A D, rows: gates i f g o */
    double *W_hh = numbers(file, "W_hh", "F64", A * H);    /* A H */
    double *b_ih = numbers(file, "b_ih", "F64", A);        /* A */
    double *b_hh = numbers(file, "b_hh", "F64", A);        /* A */
    double *W_hy = numbers(file, "W_hy", "F64", K * H);    /* K H */
    double *b_y = numbers(file, "b_y", "F64", K);          /* K */
    double *x = numbers(file, "x", "F64", T * B * D);      /* T B D */
    int64_t *y = numbers(file, "y", "I64", T * B);         /* T B */
    double *h = zeros((T + 1) * B * H);                    /* T+1 B H, 0: the initial state */
    double *c = zeros((T + 1) * B * H);                    /* T+1 B H */
    double *gates = zeros(T * B * A);                      /* T B A */
    double *p = zeros(T * B * K);                          /* T B K */
    memcpy(h, numbers(file, "h0", "F64", B * H), 8 * B * H);
    memcpy(c, numbers(file, "c0", "F64", B * H), 8 * B * H);

    /* forward */
    double loss = 0;
    for (size_t t = 0; t < T; t++)
        for (size_t b = 0; b < B; b++) {
            size_t at = t * B + b, next = at + B;          /* of the states before and after the step */
            double *a = gates + at * A;                    /* A */
            add(a, b_ih, A);
            add(a, b_hh, A);
            times(a, W_ih, x + at * D, A, D);
            times(a, W_hh, h + at * H, A, H);              /* (1) */
            for (size_t k = 0; k < H; k++) {
                double i = a[k] = sigmoid(a[k]);           /* (2) */
                double f = a[H + k] = sigmoid(a[H + k]);   /* (2) */
                double g = a[2 * H + k] = tanh(a[2 * H + k]); /* (3) */
                double o = a[3 * H + k] = sigmoid(a[3 * H + k]); /* (2) */
                c[next * H + k] = f * c[at * H + k] + i * g; /* (4) */
                h[next * H + k] = o * tanh(c[next * H + k]); /* (5) */
            }
            double *z = p + at * K;                        /* K */
            add(z, b_y, K);
            times(z, W_hy, h + next * H, K, H);            /* (6) */
            double highest = z[0], sum = 0, label = z[y[at]];
            for (size_t k = 1; k < K; k++) highest = fmax(highest, z[k]);
            for (size_t k = 0; k < K; k++) sum += z[k] = exp(z[k] - highest);
            for (size_t k = 0; k < K; k++) z[k] /= sum;    /* now probabilities */
            loss += log(sum) + highest - label;            /* (7) */
        }

    /* backward */
    double *dW_ih = zeros(A * D), *dW_hh = zeros(A * H), *db = zeros(A); /* db_ih = db_hh */
    double *dW_hy = zeros(K * H), *db_y = zeros(K), *dx = zeros(T * B * D);
    double *dh = zeros(B * H), *dc = zeros(B * H);         /* B H, what later steps carry back */
    double *da = zeros(A);
    for (size_t t = T; t-- > 0;)
        for (size_t b = 0; b < B; b++) {
            size_t at = t * B + b, next = at + B;
            double *dz = p + at * K, *hb = dh + b * H, *cb = dc + b * H;
            const double *a = gates + at * A;
            dz[y[at]] -= 1;                                /* (7*) */
            add_outer(dW_hy, dz, h + next * H, K, H);      /* (6*W) */
            add(db_y, dz, K);                              /* (6*b) */
            transposed_times(hb, W_hy, dz, K, H);          /* (5*h) */
            for (size_t k = 0; k < H; k++) {
                double i = a[k], f = a[H + k], g = a[2 * H + k], o = a[3 * H + k];
                double s = tanh(c[next * H + k]);
                double dck = cb[k] + hb[k] * o * (1 - s * s); /* (5*c) */
                da[k] = dck * g * i * (1 - i);             /* (4*i) (2*) */
                da[H + k] = dck * c[at * H + k] * f * (1 - f); /* (4*f) (2*) */
                da[2 * H + k] = dck * i * (1 - g * g);     /* (4*g) (3*) */
                da[3 * H + k] = hb[k] * s * o * (1 - o);   /* (5*o) (2*) */
                cb[k] = dck * f;                           /* (4*c) */
                hb[k] = 0;
            }
            add_outer(dW_ih, da, x + at * D, A, D);        /* (1*W) */
            add_outer(dW_hh, da, h + at * H, A, H);        /* (1*U) */
            add(db, da, A);                                /* (1*b) */
            transposed_times(dx + at * D, W_ih, da, A, D); /* (1*x) */
            transposed_times(hb, W_hh, da, A, H);          /* (1*h) */
        }

    Array gradients[] = {
        {"loss", &loss, 0, {0}},
        {"W_ih", dW_ih, 2, {A, D}}, {"W_hh", dW_hh, 2, {A, H}}, {"b_ih", db, 1, {A}}, {"b_hh", db, 1, {A}},
        {"W_hy", dW_hy, 2, {K, H}}, {"b_y", db_y, 1, {K}},
        {"x", dx, 3, {T, B, D}}, {"h0", dh, 2, {B, H}}, {"c0", dc, 2, {B, H}},
    };
    write_file(argv[2], gradients, sizeof gradients / sizeof *gradients);
    return 0;
}
