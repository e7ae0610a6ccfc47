package serve

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	// requestsAtOnce bounds the requests in work, whose bodies are in memory before their texts are in the queue.
	requestsAtOnce = 1024
	// retryAfter is what a client is told to wait when the queue is full.
	retryAfter = time.Second
	// A client that is slower than these at sending its headers or its body is hung up on.
	headerTimeout, bodyTimeout = 10 * time.Second, 30 * time.Second
	// idleTimeout is how long a connection may stay open between requests.
	idleTimeout = 2 * time.Minute
)

// Limits bounds what the server takes. All are above zero.
type Limits struct {
	Body      int64         // bytes of a request
	Texts     int           // of a request
	TextBytes int           // of a text, in UTF-8
	Queue     int           // texts of all requests that wait
	Timeout   time.Duration // of waiting for an answer, and of stopping
}

// Server answers requests. Its labels are the names of the classes in their order.
type Server struct {
	labels     []string
	limits     Limits
	dispatcher *Dispatcher
	metrics    *metrics
	inWork     chan struct{}
}

// New makes a server and starts its dispatcher. Run ends both.
func New(predict Predict, labels []string, limits Limits) *Server {
	s := &Server{
		labels: labels, limits: limits,
		dispatcher: NewDispatcher(predict, limits.Queue), metrics: newMetrics(),
		inWork: make(chan struct{}, requestsAtOnce),
	}
	s.dispatcher.batched = s.metrics.batch
	return s
}

// Run answers on listener until ctx is done. Then it takes no new connections, answers what it has read, and returns nil, or an error if
// that takes longer than the timeout.
func (s *Server) Run(ctx context.Context, listener net.Listener, failures *log.Logger) error {
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      bodyTimeout + s.limits.Timeout + headerTimeout, // reading, waiting and writing
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          failures,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	var failed error
	select {
	case failed = <-ended:
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.Background(), s.limits.Timeout)
	defer cancel()
	if err := server.Shutdown(patience); failed == nil && err != nil {
		failed = errors.Join(errors.New("stopped before all requests were answered"), server.Close())
	}
	if err := s.dispatcher.Close(patience); failed == nil {
		failed = err
	}
	return failed
}

// Handler routes POST /, GET /health and GET /metrics.
func (s *Server) Handler() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /{$}", s.classify)
	routes.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	routes.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		var text bytes.Buffer // a client who reads slowly must not hold the counters
		s.metrics.write(&text, s.dispatcher.Waiting(), s.limits.Queue)
		_, _ = text.WriteTo(w)
	})
	return routes
}

// score is one label of a text.
type score struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

// classify answers one request and counts it.
func (s *Server) classify(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	answer, texts, err := s.answer(w, r)
	status := http.StatusOK
	if err == nil {
		writeJSON(w, status, answer)
	} else {
		status = s.writeError(w, r, err)
	}
	s.metrics.request(status, texts, time.Since(begun))
}

// answer gives the labels of each text, the most probable first, and how many texts were predicted.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) ([][]score, int, error) {
	select {
	case s.inWork <- struct{}{}:
		defer func() { <-s.inWork }()
	default:
		return nil, 0, ErrFull
	}
	asked, err := readRequest(http.MaxBytesReader(w, r.Body, s.limits.Body), s.limits)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.limits.Timeout)
	defer cancel()
	probabilities, err := s.dispatcher.Do(ctx, asked.texts)
	if err != nil {
		return nil, 0, err
	}
	answer := make([][]score, len(probabilities))
	for i, p := range probabilities {
		answer[i] = s.rank(p, asked.top)
	}
	return answer, len(answer), nil
}

// rank gives the labels with their probabilities, the largest first, at most top of them unless top is 0.
func (s *Server) rank(probabilities []float64, top int) []score {
	scores := make([]score, len(s.labels))
	for class, label := range s.labels {
		scores[class] = score{label, probabilities[class]}
	}
	slices.SortStableFunc(scores, func(a, b score) int { return cmp.Compare(b.Score, a.Score) })
	if top > 0 && top < len(scores) {
		return scores[:top]
	}
	return scores
}

// clientLeft is the status that is counted for a client who broke off; nobody reads it. The name is nginx's.
const clientLeft = 499

// writeError answers with {"error": …} and gives the status.
func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) int {
	status := http.StatusInternalServerError
	var known refusal
	switch {
	case errors.As(err, &known):
		status = known.status
	case r.Context().Err() != nil:
		status = clientLeft
	case errors.Is(err, context.DeadlineExceeded):
		status, err = http.StatusServiceUnavailable, refuse(0, "no answer after %v", s.limits.Timeout)
	case errors.Is(err, ErrFull) || errors.Is(err, ErrClosed):
		status = http.StatusServiceUnavailable
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	}
	writeJSON(w, status, map[string]string{"error": err.Error()})
	return status
}

// writeJSON answers. A client who is gone gets nothing, and nobody is left to tell.
func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
}
