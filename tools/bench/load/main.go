// Command load asks a text-classification server from several clients at once, each of which sends its next request when the answer to
// the last has come. The requests are the texts of a CSV file in order. It prints texts a second, the median and the 99th percentile of the
// latencies in milliseconds, and how many requests were answered, refused and broken off.
//
// With -break some clients break off in the middle of every fifth request; the others must lose nothing.
package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

type options struct {
	url, file string
	requests  int
	clients   int
	texts     int // of a request
	limit     time.Duration
	breakOff  bool
}

// tally is what one client saw.
type tally struct {
	latencies []time.Duration
	refused   int // answered with 503
	left      int // broken off by the client
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080/", "`URL` to ask")
	flag.StringVar(&o.file, "texts", "", "CSV `FILE` with a column text")
	flag.IntVar(&o.requests, "requests", 2000, "requests of all clients")
	flag.IntVar(&o.clients, "clients", 32, "clients at once")
	flag.IntVar(&o.texts, "batch", 1, "texts of a request")
	flag.DurationVar(&o.limit, "limit", time.Minute, "longest time of the whole test")
	flag.BoolVar(&o.breakOff, "break", false, "break off every fifth request of every second client")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	texts, err := readTexts(o.file)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.limit)
	defer cancel()
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = o.clients
	next := make(chan []string)
	go func() {
		defer close(next)
		for n := range o.requests {
			batch := make([]string, o.texts)
			for i := range batch {
				batch[i] = texts[(n*o.texts+i)%len(texts)]
			}
			select {
			case next <- batch:
			case <-ctx.Done():
				return
			}
		}
	}()
	tallies, failures := make([]tally, o.clients), make([]error, o.clients)
	var clients sync.WaitGroup
	begun := time.Now()
	for c := range o.clients {
		clients.Go(func() {
			for batch := range next {
				if err := tallies[c].ask(ctx, o, batch, o.breakOff && c%2 == 1); err != nil {
					failures[c] = err
					cancel()
					return
				}
			}
		})
	}
	clients.Wait()
	elapsed := time.Since(begun)
	var all tally
	for _, t := range tallies {
		all.latencies = append(all.latencies, t.latencies...)
		all.refused += t.refused
		all.left += t.left
	}
	all.print(o, elapsed)
	if lost := o.requests - len(all.latencies) - all.refused - all.left; lost > 0 {
		failures = append(failures, fmt.Errorf("%d requests have no answer", lost))
	}
	return errors.Join(failures...)
}

func readTexts(path string) (texts []string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) < 2 || slices.Index(rows[0], "text") < 0 {
		return nil, fmt.Errorf("%s has no column text with texts", path)
	}
	for _, row := range rows[1:] {
		texts = append(texts, row[slices.Index(rows[0], "text")])
	}
	return texts, nil
}

// ask sends one request and wants an answer to each text.
func (t *tally) ask(ctx context.Context, o options, texts []string, leaves bool) error {
	if leaves && (len(t.latencies)+t.left)%5 == 4 {
		var leave context.CancelFunc
		ctx, leave = context.WithTimeout(ctx, time.Duration(rand.IntN(20))*time.Millisecond)
		defer leave()
	} else {
		leaves = false
	}
	body, err := json.Marshal(map[string]any{"inputs": texts})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	begun := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		defer response.Body.Close()
		body, err = io.ReadAll(response.Body)
	}
	switch {
	case err != nil && leaves && errors.Is(err, context.DeadlineExceeded):
		t.left++
		return nil
	case err != nil:
		return err
	case response.StatusCode == http.StatusServiceUnavailable:
		t.refused++
		time.Sleep(10 * time.Millisecond)
		return nil
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	var answers [][]struct{ Label string }
	if err := json.Unmarshal(body, &answers); err != nil {
		return err
	}
	if len(answers) != len(texts) {
		return fmt.Errorf("%d answers to %d texts", len(answers), len(texts))
	}
	t.latencies = append(t.latencies, time.Since(begun))
	return nil
}

func (t *tally) print(o options, elapsed time.Duration) {
	slices.Sort(t.latencies)
	at := func(share float64) float64 {
		if len(t.latencies) == 0 {
			return 0
		}
		return float64(t.latencies[min(int(share*float64(len(t.latencies))), len(t.latencies)-1)].Microseconds()) / 1000
	}
	fmt.Println(float64(len(t.latencies)*o.texts)/elapsed.Seconds(), at(0.5), at(0.99), len(t.latencies), t.refused, t.left)
}
