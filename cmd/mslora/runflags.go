package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/experiment"
	"mslora/internal/hint"
	"mslora/lora"
)

// configFromFlags reads --config, if given, and puts the flags over it.
func configFromFlags(c *cli.Context) (experiment.Config, error) {
	config := experiment.DefaultConfig()
	if path := c.String("config"); path != "" {
		var err error
		if config, err = experiment.ReadConfig(path); err != nil {
			return config, err
		}
	}
	lists := map[string]*[]string{"model": &config.Models, "data": &config.Data, "attacks": &config.Attacks, "methods": &config.Methods}
	for flag, target := range lists {
		if c.IsSet(flag) {
			*target = splitAll(c.StringSlice(flag))
		}
	}
	if c.IsSet("seeds") {
		config.Seeds = nil
		for _, text := range splitAll(c.StringSlice("seeds")) {
			seed, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return config, hint.New("give whole numbers, for example 42,43", "--seeds: %q is not a seed", text)
			}
			config.Seeds = append(config.Seeds, seed)
		}
	}
	texts := map[string]*string{"out": &config.Out, "setting": &config.Setting, "ratio": &config.Ratio}
	for flag, target := range texts {
		if c.IsSet(flag) {
			*target = c.String(flag)
		}
	}
	integers := map[string]*int{"target": &config.Target, "limit": &config.Limit}
	for flag, target := range integers {
		if c.IsSet(flag) {
			*target = c.Int(flag)
		}
	}
	if err := trainingFromFlags(c, &config); err != nil {
		return config, err
	}
	return config.Only(c.StringSlice("only"))
}

// trainingFromFlags reads hyperparameterFlags and machineFlags.
func trainingFromFlags(c *cli.Context, config *experiment.Config) error {
	texts := map[string]*string{"preset": &config.Preset, "device": &config.Device, "cuda-arena-strategy": &config.ArenaStrategy}
	for flag, target := range texts {
		if c.IsSet(flag) {
			*target = c.String(flag)
		}
	}
	if c.IsSet("graphs") {
		var err error
		if config.Graphs, err = graphStore(c); err != nil {
			return err
		}
	}
	integers := map[string]*int{"threads": &config.Threads, "save-every": &config.SaveEvery}
	for flag, target := range integers {
		if c.IsSet(flag) {
			*target = c.Int(flag)
		}
	}
	if c.IsSet("cuda-memory-limit") {
		config.MemoryLimit = c.Int64("cuda-memory-limit")
	}
	if c.IsSet("cuda-half") {
		config.Half = c.Bool("cuda-half")
	}
	if c.IsSet("cuda-tf32") {
		config.TF32 = c.Bool("cuda-tf32")
	}
	return overridesFromFlags(c, &config.Hyperparameters)
}

func overridesFromFlags(c *cli.Context, o *experiment.Overrides) error {
	integers := map[string]**int{
		"epochs": &o.Epochs, "batch": &o.BatchSize, "max-tokens": &o.MaxTokens, "lora-rank": &o.LoRARank,
		"bandwidth": &o.Bandwidth, "auxiliary": &o.Auxiliary, "mix-from": &o.MixFrom,
		"bottleneck": &o.Bottleneck, "prefix-length": &o.PrefixLength,
	}
	for flag, target := range integers {
		if c.IsSet(flag) {
			*target = new(c.Int(flag))
		}
	}
	numbers := map[string]**float64{
		"lr": &o.LearningRate, "clip-norm": &o.ClipNorm, "weight-decay": &o.WeightDecay, "lora-alpha": &o.LoRAAlpha,
		"scale-alpha": &o.ScaleAlpha, "mu-max": &o.MuMax, "min-aux-loss": &o.MinAuxLoss, "min-aux-norm": &o.MinAuxNorm,
	}
	for flag, target := range numbers {
		if c.IsSet(flag) {
			*target = new(c.Float64(flag))
		}
	}
	if c.IsSet("head") {
		o.Head = new(c.String("head"))
	}
	if c.IsSet("align") {
		o.Align = new(c.String("align"))
	}
	if c.IsSet("scales") {
		scales, err := lora.ParseScales(c.String("scales"))
		if err != nil {
			return fmt.Errorf("--scales: %w", err)
		}
		o.Scales = scales
	}
	return nil
}

// splitAll splits each value at commas and drops the empty pieces.
func splitAll(values []string) []string {
	var all []string
	for _, v := range values {
		for _, piece := range strings.Split(v, ",") {
			if piece = strings.TrimSpace(piece); piece != "" {
				all = append(all, piece)
			}
		}
	}
	return all
}
