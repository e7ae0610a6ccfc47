package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var testLimits = Limits{Body: 1000, Texts: 3, TextBytes: 100, Queue: 10, Timeout: time.Minute}

// counted answers with the share of the letter a in each text; "bad" fails.
func counted(_ context.Context, texts []string) ([][]float64, error) {
	answers := make([][]float64, len(texts))
	for i, text := range texts {
		if text == "bad" {
			return nil, fmt.Errorf("the logits of %q are not numbers", text)
		}
		share := 0.0
		if text != "" {
			share = float64(strings.Count(text, "a")) / float64(len(text))
		}
		answers[i] = []float64{1 - share, share}
	}
	return answers, nil
}

func newTestServer(t *testing.T, predict Predict, limits Limits) *httptest.Server {
	t.Helper()
	s := New(predict, []string{"other", "a"}, limits)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		closeNow(t, s.dispatcher)
	})
	return server
}

func post(t *testing.T, url, body string) (status int, answer string, header http.Header) {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(data)), response.Header
}

func TestClassify(t *testing.T) {
	server := newTestServer(t, counted, testLimits)
	for _, test := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"one text", `{"inputs": "aaab"}`, 200, `[[{"label":"a","score":0.75},{"label":"other","score":0.25}]]`},
		{"several", `{"inputs": ["a", "", "b"], "parameters": {"top_k": 1}}`, 200,
			`[[{"label":"a","score":1}],[{"label":"other","score":1}],[{"label":"other","score":1}]]`},
		{"more labels than there are", `{"inputs": "a", "parameters": {"top_k": 9}}`, 200, `[[{"label":"a","score":1},{"label":"other","score":0}]]`},
		{"what others know", `{"inputs": "a", "parameters": {"top_k": null, "truncation": true, "function_to_apply": "softmax"}, "options": {}}`, 200,
			`[[{"label":"a","score":1},{"label":"other","score":0}]]`},
		{"no JSON", `inputs`, 400, `{"error":"the body is not of the form {\"inputs\": \"a text\"}: invalid character 'i' looking for beginning of value"}`},
		{"nothing", ``, 400, `{"error":"the body is not of the form {\"inputs\": \"a text\"}: unexpected end of JSON input"}`},
		{"no inputs", `{"input": "a"}`, 400, `{"error":"inputs has no text"}`},
		{"null", `{"inputs": null}`, 400, `{"error":"inputs must be a text or a list of texts"}`},
		{"a number", `{"inputs": 1}`, 400, `{"error":"inputs must be a text or a list of texts"}`},
		{"null in a list", `{"inputs": ["a", null]}`, 400, `{"error":"inputs[1] is null, expected a text"}`},
		{"an empty list", `{"inputs": []}`, 400, `{"error":"inputs has no text"}`},
		{"top_k", `{"inputs": "a", "parameters": {"top_k": 0}}`, 400, `{"error":"top_k is 0, expected 1 or more"}`},
		{"another function", `{"inputs": "a", "parameters": {"function_to_apply": "sigmoid"}}`, 400, `{"error":"function_to_apply is \"sigmoid\", expected softmax"}`},
		{"no UTF-8", "{\"inputs\": \"\xff\"}", 400, `{"error":"the body is not UTF-8"}`},
		{"NUL", `{"inputs": ["a", "b\u0000c"]}`, 400, `{"error":"inputs[1] has a NUL character, which no tokenizer reads"}`},
		{"too many texts", `{"inputs": ["1", "2", "3", "4"]}`, 413, `{"error":"inputs has 4 texts, the server takes 3 in one request"}`},
		{"a long text", `{"inputs": "` + strings.Repeat("é", 51) + `"}`, 413, `{"error":"inputs[0] has 102 bytes, the server takes 100 in one text"}`},
		{"a long body", `{"inputs": "` + strings.Repeat("a", 1000) + `"}`, 413, `{"error":"the body is longer than 1000 bytes"}`},
		{"a failure", `{"inputs": ["a", "bad"]}`, 500, `{"error":"the logits of \"bad\" are not numbers"}`},
	} {
		status, answer, header := post(t, server.URL, test.body)
		if status != test.status || answer != test.want {
			t.Errorf("%s: %d %s, want %d %s", test.name, status, answer, test.status, test.want)
		}
		if header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", test.name, header)
		}
	}
}

func TestRoutes(t *testing.T) {
	server := newTestServer(t, counted, testLimits)
	for _, test := range []struct {
		method, path string
		status       int
	}{{"GET", "/health", 200}, {"GET", "/metrics", 200}, {"GET", "/", 405}, {"POST", "/health", 405}, {"POST", "/elsewhere", 404}} {
		request, err := http.NewRequest(test.method, server.URL+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != test.status {
			t.Errorf("%s %s: %s, want %d", test.method, test.path, response.Status, test.status)
		}
	}
}

// blocked computes nothing until it is let go.
func blocked() (predict Predict, letGo func()) {
	gate := make(chan struct{})
	return func(ctx context.Context, texts []string) ([][]float64, error) {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return counted(ctx, texts)
	}, sync.OnceFunc(func() { close(gate) })
}

// eventually waits for what other goroutines do.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not after 10 s", what)
		}
	}
}

// metric reads one line of GET /metrics.
func metric(t *testing.T, url, name string) float64 {
	t.Helper()
	response, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return number
		}
	}
	return -1
}

func TestFullQueue(t *testing.T) {
	predict, letGo := blocked()
	limits := testLimits
	limits.Queue = 2
	server := newTestServer(t, predict, limits)
	defer letGo()
	var clients sync.WaitGroup
	ask := func(texts string) {
		clients.Go(func() {
			if status, answer, _ := post(t, server.URL, `{"inputs": `+texts+`}`); status != 200 {
				t.Errorf("%d %s", status, answer)
			}
		})
	}
	ask(`"computing"`)
	eventually(t, "a batch", func() bool { return metric(t, server.URL, "mslora_batches_total") == 1 })
	ask(`["wait", "wait too"]`)
	eventually(t, "a queue", func() bool { return metric(t, server.URL, "mslora_queue_texts") == 2 })
	status, answer, header := post(t, server.URL, `{"inputs": "more"}`)
	if status != 503 || answer != `{"error":"too many texts are waiting"}` || header.Get("Retry-After") != "1" {
		t.Errorf("%d %s %v", status, answer, header)
	}
	letGo()
	clients.Wait()
	if n := metric(t, server.URL, `mslora_requests_total{status="503"}`); n != 1 {
		t.Errorf("%v refusals are counted", n)
	}
}

func TestTimeout(t *testing.T) {
	predict, letGo := blocked()
	limits := testLimits
	limits.Timeout = 50 * time.Millisecond
	server := newTestServer(t, predict, limits)
	defer letGo()
	status, answer, header := post(t, server.URL, `{"inputs": "slow"}`)
	if status != 503 || answer != `{"error":"no answer after 50ms"}` || header.Get("Retry-After") != "1" {
		t.Errorf("%d %s %v", status, answer, header)
	}
}

// Clients break off while their texts run or wait: the others get their answers.
func TestClientsBreakOff(t *testing.T) {
	predict, letGo := blocked()
	server := newTestServer(t, predict, testLimits)
	defer letGo()
	ctx, breakOff := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	leave := func() {
		clients.Go(func() {
			request, err := http.NewRequestWithContext(ctx, "POST", server.URL, strings.NewReader(`{"inputs": ["left", "left"]}`))
			if err != nil {
				t.Error(err)
				return
			}
			if response, err := http.DefaultClient.Do(request); err == nil {
				response.Body.Close()
				t.Errorf("an answer for who left: %s", response.Status)
			}
		})
	}
	leave()
	eventually(t, "a batch", func() bool { return metric(t, server.URL, "mslora_batches_total") == 1 })
	leave()
	eventually(t, "a queue", func() bool { return metric(t, server.URL, "mslora_queue_texts") == 2 })
	for range 3 {
		clients.Go(func() {
			if status, answer, _ := post(t, server.URL, `{"inputs": "a", "parameters": {"top_k": 1}}`); status != 200 || answer != `[[{"label":"a","score":1}]]` {
				t.Errorf("%d %s", status, answer)
			}
		})
	}
	eventually(t, "a longer queue", func() bool { return metric(t, server.URL, "mslora_queue_texts") == 5 })
	breakOff()
	eventually(t, "room in the queue", func() bool { return metric(t, server.URL, "mslora_queue_texts") == 3 })
	// The server has seen both leave before the batch ends: else the first, whose texts run, would have an answer.
	eventually(t, "the count", func() bool { return metric(t, server.URL, `mslora_requests_total{status="499"}`) == 2 })
	letGo()
	clients.Wait()
	if n := metric(t, server.URL, "mslora_texts_total"); n != 3 {
		t.Errorf("%v texts are counted, want 3", n)
	}
}

func TestRunStopsGracefully(t *testing.T) {
	predict, letGo := blocked()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	s := New(predict, []string{"other", "a"}, testLimits)
	go func() { ended <- s.Run(ctx, listener, log.New(io.Discard, "", 0)) }()
	var clients sync.WaitGroup
	for range 3 {
		clients.Go(func() {
			if status, answer, _ := post(t, url, `{"inputs": "a"}`); status != 200 {
				t.Errorf("accepted before the stop: %d %s", status, answer)
			}
		})
	}
	eventually(t, "requests in work", func() bool { return len(s.inWork) == 3 })
	stop()
	eventually(t, "a closed port", func() bool {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			connection.Close()
		}
		return err != nil
	})
	select {
	case err := <-ended:
		t.Errorf("ended before the answers: %v", err)
	default:
	}
	letGo()
	clients.Wait()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunGivesUp(t *testing.T) {
	predict, letGo := blocked()
	defer letGo()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	limits := testLimits
	limits.Timeout = 200 * time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	s := New(predict, []string{"other", "a"}, limits)
	stop()
	go s.dispatcher.Do(context.Background(), []string{"for ever"})
	eventually(t, "a batch", func() bool { s.metrics.mutex.Lock(); defer s.metrics.mutex.Unlock(); return s.metrics.batches == 1 })
	if err := s.Run(ctx, listener, log.New(io.Discard, "", 0)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestMetricsFormat: each line is a comment or a sample, each sample has a type, and buckets only grow.
func TestMetricsFormat(t *testing.T) {
	m := newMetrics()
	for _, seconds := range []float64{0.001, 0.005, 0.3, 100} {
		m.request(200, 2, time.Duration(seconds*float64(time.Second)))
	}
	m.request(503, 0, time.Second)
	m.batch(8)
	var text strings.Builder
	m.write(&text, 3, 10)
	typed := map[string]bool{}
	sample := regexp.MustCompile(`^([a-z_]+?)(_bucket|_sum|_count)?(\{[a-z]+="[^"]*"\})? [0-9.e+-]+$`)
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSuffix(line, "\n")
		if fields := strings.Fields(line); len(fields) == 4 && fields[1] == "TYPE" {
			typed[fields[2]] = true
		} else if match := sample.FindStringSubmatch(line); !strings.HasPrefix(line, "# HELP ") && (match == nil || !typed[match[1]]) {
			t.Errorf("%q is no sample of a type", line)
		}
	}
	for _, want := range []string{
		"mslora_requests_total{status=\"200\"} 4\nmslora_requests_total{status=\"503\"} 1\n",
		"_bucket{le=\"0.005\"} 2\n", "_bucket{le=\"0.25\"} 2\n", "_bucket{le=\"0.5\"} 3\n", "_bucket{le=\"30\"} 3\n", "_bucket{le=\"+Inf\"} 4\n",
		"_seconds_sum 100.306\n", "_seconds_count 4\n", "mslora_texts_total 8\n", "mslora_batch_texts_total 8\n", "mslora_queue_texts 3\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

// FuzzReadRequest: whatever is read has texts within the limits.
func FuzzReadRequest(f *testing.F) {
	f.Add(`{"inputs": "a text"}`)
	f.Add(`{"inputs": ["a", "b"], "parameters": {"top_k": 1}}`)
	f.Add(`{"inputs": [null]}`)
	f.Add("{\"inputs\": \"\xff\"}")
	f.Fuzz(func(t *testing.T, body string) {
		r, err := readRequest(strings.NewReader(body), testLimits)
		if err != nil {
			if known := (refusal{}); !errors.As(err, &known) || known.status < 400 || known.status > 499 {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		if len(r.texts) < 1 || len(r.texts) > testLimits.Texts || r.top < 0 || !json.Valid([]byte(body)) {
			t.Errorf("%q is read as %+v", body, r)
		}
		for _, text := range r.texts {
			if len(text) > testLimits.TextBytes || strings.ContainsRune(text, 0) {
				t.Errorf("%q is read as %+v", body, r)
			}
		}
	})
}
