package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/catalog"
	"mslora/classifier"
	"mslora/dataset"
	"mslora/defence"
	"mslora/internal/hint"
	"mslora/internal/visible"
	"mslora/languagemodel"
	"mslora/params"
)

// filterOptions say which filter looks at texts before the classifier answers; the zero value is none.
type filterOptions struct {
	Name    string
	Trusted string // file of clean texts
	Values  params.Values
}

// filterFlags are --filter, what it learns from, and the hyperparameters of all filters.
func filterFlags() []cli.Flag {
	const category = "filter"
	flags := []cli.Flag{
		&cli.StringFlag{Name: "filter", Usage: "look for poisoned texts first: " + strings.Join(defence.Filters(), ", ") + " (docs/filters.md)", DefaultText: "none", Category: category},
		&cli.StringFlag{Name: "trusted", Usage: "`FILE` of clean texts that the filter learns from", Category: category},
	}
	for _, p := range filterRows() {
		flags = append(flags, &cli.StringFlag{Name: p.Flag, Usage: p.Help + " (" + p.Range() + ")", DefaultText: params.Format(p.Default), Category: category})
	}
	return flags
}

// filterRows are the hyperparameters of filters.
func filterRows() (rows []params.Parameter) {
	for _, p := range params.Table {
		if slices.ContainsFunc(defence.Methods, func(m defence.Method) bool { return m.Filter != nil && p.In([]string{m.Filter.Name()}) }) {
			rows = append(rows, p)
		}
	}
	return rows
}

// filterFromFlags reads filterFlags.
func filterFromFlags(c *cli.Context) (filterOptions, error) {
	o := filterOptions{Name: c.String("filter"), Trusted: c.String("trusted"), Values: params.Values{}}
	if !c.IsSet("filter") {
		if o.Trusted != "" {
			return o, hint.New("add --filter", "--trusted is for a filter")
		}
		for _, p := range filterRows() {
			if c.IsSet(p.Flag) {
				return o, hint.New("add --filter", "--%s is for a filter", p.Flag)
			}
		}
		return o, nil
	}
	method, err := defence.FindFilter(o.Name)
	if err != nil {
		return o, fmt.Errorf("--filter: %w", err)
	}
	parts := []string{method.Filter.Name()}
	for _, p := range filterRows() {
		switch {
		case c.IsSet(p.Flag) && !p.In(parts):
			return o, hint.New("leave it out", "--%s does nothing for the filter %s", p.Flag, o.Name)
		case c.IsSet(p.Flag):
			if o.Values[p.Name], err = p.Parse(c.String(p.Flag)); err != nil {
				return o, fmt.Errorf("--%s: %w", p.Flag, err)
			}
		case p.In(parts):
			o.Values[p.Name] = p.Default
		}
	}
	return o, nil
}

// sieve fits the filter that was asked for to a classifier; it is nil if there is none. The caller calls closed when it is done with it.
func (o predictOptions) sieve(ctx context.Context, c *classifier.Classifier) (sieve defence.Sieve, closed func() error, err error) {
	closed = func() error { return nil }
	if o.Filter.Name == "" {
		return nil, closed, nil
	}
	method, err := defence.FindFilter(o.Filter.Name)
	if err != nil {
		return nil, closed, err
	}
	f := classifier.Filtering{Method: method, Values: o.Filter.Values, Seed: 42, Progress: func(stage string) {
		if !o.JSON && !o.CSV {
			fmt.Fprintln(o.Stderr, visible.Line(stage))
		}
	}}
	if o.Filter.Values.Has(params.LanguageModel) {
		model, err := o.languageModel()
		if err != nil {
			return nil, closed, err
		}
		f.LogProbabilities, closed = model.LogProbabilities, model.Close
	}
	if f.Trusted, err = o.trusted(); err == nil {
		if sieve, err = c.Sieve(ctx, f); err != nil {
			err = fmt.Errorf("--filter: %w", err)
		}
	}
	return sieve, closed, err
}

func (o predictOptions) languageModel() (*languagemodel.Model, error) {
	folder, err := catalog.ModelFolder(o.Filter.Values.Word(params.LanguageModel))
	if err != nil {
		return nil, fmt.Errorf("--language-model: %w", err)
	}
	return languagemodel.Open(folder, o.Graphs, o.Device)
}

// trusted reads the texts that the filter learns from.
func (o predictOptions) trusted() (texts []string, err error) {
	if o.Filter.Trusted == "" {
		return nil, nil
	}
	reading := o.Reading
	reading.All = false
	file, err := dataset.EachNamed(o.Filter.Trusted, reading, func(t dataset.NamedText) error {
		texts = append(texts, t.Text)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("--trusted: %w", err)
	}
	announceReading(o.Stderr, o.JSON, file)
	return texts, nil
}
