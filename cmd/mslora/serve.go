package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"mslora/internal/hint"
	"mslora/internal/ortlib"
	"mslora/internal/visible"
	"mslora/serve"
)

// serveOptions is what `mslora serve` was asked for.
type serveOptions struct {
	Folder string
	Host   string
	Port   int // 0: a free one
	Limits serve.Limits
	place
	Stderr io.Writer
}

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "answer over HTTP what class texts have",
		UsageText: "mslora serve my-classifier\ncurl 127.0.0.1:8080 -d '{\"inputs\": \"a fine film\"}'",
		Description: "Answers POST / in the shape of Hugging Face's text-classification endpoints:\n" +
			"  {\"inputs\": \"a text\"} or {\"inputs\": [\"a text\", \"another\"], \"parameters\": {\"top_k\": 1}}\n" +
			"becomes [[{\"label\": \"positive\", \"score\": 0.9}], …]. GET /health tells that it answers, GET /metrics\n" +
			"has counters for Prometheus. Texts of requests that come at once run together. When more wait than\n" +
			"--queue allows the answer is 503. Ctrl-C and SIGTERM stop it once what was accepted is answered.\n" +
			"There is no password and no encryption: only this machine can reach it unless --host says otherwise.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "host", Usage: "`ADDRESS` to listen on", Value: "127.0.0.1"},
			&cli.IntFlag{Name: "port", Usage: "`NUMBER` of the port, 0 for a free one", Value: 8080},
			&cli.IntFlag{Name: "queue", Usage: "`TEXTS` that may wait", Value: 4096},
			&cli.IntFlag{Name: "max-texts", Usage: "`TEXTS` of one request", Value: 1024},
			&cli.IntFlag{Name: "max-text-bytes", Usage: "`BYTES` of one text", Value: 100_000},
			&cli.Int64Flag{Name: "max-body-bytes", Usage: "`BYTES` of one request", Value: 1 << 20},
			&cli.DurationFlag{Name: "timeout", Usage: "`TIME` that a request may wait for its answer, and stopping for all", Value: 30 * time.Second},
		}, placeFlags()...),
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return badInput(hint.New("for example: mslora serve my-classifier", "give one classifier's folder"))
			}
			place, err := placeFromFlags(c)
			if err != nil {
				return badInput(err)
			}
			return runServer(c.Context, serveOptions{
				Folder: c.Args().First(), Host: c.String("host"), Port: c.Int("port"),
				Limits: serve.Limits{
					Queue: c.Int("queue"), Texts: c.Int("max-texts"), TextBytes: c.Int("max-text-bytes"),
					Body: c.Int64("max-body-bytes"), Timeout: c.Duration("timeout"),
				},
				place: place, Stderr: c.App.ErrWriter,
			})
		},
	}
}

func (o serveOptions) validate() error {
	for _, limit := range []struct {
		flag string
		ok   bool
	}{
		{"queue", o.Limits.Queue > 0}, {"max-texts", o.Limits.Texts > 0}, {"max-text-bytes", o.Limits.TextBytes > 0},
		{"max-body-bytes", o.Limits.Body > 0}, {"timeout", o.Limits.Timeout > 0},
	} {
		if !limit.ok {
			return hint.New("`mslora serve --help` shows what is usual", "--%s must be above 0", limit.flag)
		}
	}
	switch {
	case o.Port < 0 || o.Port > 65535:
		return hint.New("give one from 1024 to 65535, or 0 for a free one", "--port %d is no port", o.Port)
	case o.Limits.Texts > o.Limits.Queue:
		return hint.New("raise --queue or lower --max-texts", "a request of %d texts never fits in a queue of %d", o.Limits.Texts, o.Limits.Queue)
	}
	return nil
}

// runServer listens before it opens the classifier, since a port that is taken is known at once and a model takes seconds. Who
// connects meanwhile waits.
func runServer(ctx context.Context, o serveOptions) error {
	if err := o.validate(); err != nil {
		return badInput(err)
	}
	listener, err := o.listen()
	if err != nil {
		return badInput(err)
	}
	defer listener.Close()
	if err := ortlib.Start(o.Library); err != nil {
		return badInput(err)
	}
	c, err := o.open(o.Folder)
	if err != nil {
		return badInput(err)
	}
	defer c.Close()
	predict := func(ctx context.Context, texts []string) ([][]float64, error) {
		predictions, err := c.Predict(ctx, texts)
		probabilities := make([][]float64, len(predictions))
		for i, p := range predictions {
			probabilities[i] = p.Probabilities
		}
		return probabilities, err
	}
	if _, err := predict(ctx, []string{""}); err != nil { // a classifier that cannot answer must not look healthy
		return err
	}
	say(o.Stderr, "%s answers on http://%s: %s", o.Folder, listener.Addr(), strings.Join(c.Labels, ", "))
	if err := serve.New(predict, c.Labels, o.Limits).Run(ctx, listener, log.New(visibleWriter{o.Stderr}, "", 0)); err != nil {
		return err
	}
	fmt.Fprintln(o.Stderr, "stopped; all that was accepted is answered")
	return nil
}

func (o serveOptions) listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(o.Host, strconv.Itoa(o.Port)))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, hint.New("give another --port, or stop the program that has it", "port %d of %s is taken", o.Port, o.Host)
	case errors.Is(err, syscall.EACCES):
		return nil, hint.New("give a --port from 1024 on", "port %d may not be opened by this user", o.Port)
	case err != nil:
		return nil, hint.New("--host is an address of this machine, for example 127.0.0.1", "cannot listen: %w", err)
	}
	if address, ok := listener.Addr().(*net.TCPAddr); ok && !address.IP.IsLoopback() {
		warn(o.Stderr, fmt.Sprintf("%s can be reached from other machines, without a password and without encryption", listener.Addr()))
	}
	return listener, nil
}

// visibleWriter makes log lines visible, which may quote what a client sent.
type visibleWriter struct{ io.Writer }

func (w visibleWriter) Write(line []byte) (int, error) {
	_, err := fmt.Fprintln(w.Writer, visible.Lines(string(line)))
	return len(line), err
}
