// Command onion runs the filter ONION and its language model for tools/bench/onion.py: of each line of standard input, a JSON list of texts,
// it writes the texts without their suspicious words, or the log-probabilities of their tokens.
//
// usage: onion filter|likelihood MODEL THREADS
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"mslora/defence"
	"mslora/graphs"
	"mslora/internal/ortlib"
	"mslora/languagemodel"
	"mslora/ortrain"
	"mslora/params"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(task, folder, threads string) error {
	if err := ortlib.Start(""); err != nil {
		return err
	}
	n, err := strconv.Atoi(threads)
	if err != nil {
		return err
	}
	device, err := ortrain.ParseDevice("cpu", n)
	if err != nil {
		return err
	}
	model, err := languagemodel.Open(folder, graphs.Store{}, device)
	if err != nil {
		return err
	}
	defer model.Close()
	ctx := context.Background()
	values := params.Defaults()
	sieve, err := defence.ONION{}.Fit(ctx, defence.Bench{Values: values, LogProbabilities: model.LogProbabilities})
	if err != nil {
		return err
	}
	answer := func(texts []string) (any, error) { return sieve(ctx, texts) }
	if task == "likelihood" {
		answer = func(texts []string) (any, error) {
			return model.LogProbabilities(ctx, texts, values.Int("onion_max_tokens"))
		}
	}
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	for in.More() {
		var texts []string
		if err := in.Decode(&texts); err != nil {
			return err
		}
		answered, err := answer(texts)
		if err != nil {
			return err
		}
		if err := out.Encode(answered); err != nil {
			return err
		}
	}
	return nil
}
