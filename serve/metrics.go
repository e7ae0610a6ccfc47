package serve

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// latencies are the upper bounds of the histogram, in seconds: from a short text on an idle machine to the timeout.
var latencies = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// metrics counts for GET /metrics.
type metrics struct {
	mutex    sync.Mutex
	requests map[int]int64 // by status
	texts    int64
	batches  int64
	batched  int64   // texts in all batches
	within   []int64 // requests of each range of latencies, the last beyond all
	seconds  float64
	answered int64
}

func newMetrics() *metrics {
	return &metrics{requests: map[int]int64{}, within: make([]int64, len(latencies)+1)}
}

// request counts one request; its latency if it was answered.
func (m *metrics) request(status, texts int, latency time.Duration) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.requests[status]++
	m.texts += int64(texts)
	if texts == 0 {
		return
	}
	at, _ := slices.BinarySearch(latencies, latency.Seconds())
	m.within[at]++
	m.seconds += latency.Seconds()
	m.answered++
}

// batch counts one run of the model.
func (m *metrics) batch(texts int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.batches++
	m.batched += int64(texts)
}

// write prints all in Prometheus' text format.
func (m *metrics) write(w io.Writer, waiting, capacity int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	metric := func(name, kind, help string) { fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	single := func(name, kind, help string, value any) {
		metric(name, kind, help)
		fmt.Fprintf(w, "%s %v\n", name, value)
	}
	metric("mslora_requests_total", "counter", "Requests to classify, by HTTP status; 499: the client broke off.")
	for _, status := range slices.Sorted(maps.Keys(m.requests)) {
		fmt.Fprintf(w, "mslora_requests_total{status=\"%d\"} %d\n", status, m.requests[status])
	}
	single("mslora_texts_total", "counter", "Texts of requests that were answered.", m.texts)
	single("mslora_batches_total", "counter", "Runs of the model.", m.batches)
	single("mslora_batch_texts_total", "counter", "Texts of all runs of the model.", m.batched)
	const latency = "mslora_request_duration_seconds"
	metric(latency, "histogram", "Time to answer a request, from its header to its answer.")
	sum := int64(0)
	for i, bound := range latencies {
		sum += m.within[i]
		fmt.Fprintf(w, "%s_bucket{le=\"%v\"} %d\n", latency, bound, sum)
	}
	fmt.Fprintf(w, "%s_bucket{le=\"+Inf\"} %d\n%s_sum %v\n%s_count %d\n", latency, m.answered, latency, m.seconds, latency, m.answered)
	single("mslora_queue_texts", "gauge", "Texts that wait for the model.", waiting)
	single("mslora_queue_capacity_texts", "gauge", "Texts that may wait; requests beyond get status 503.", capacity)
}
