package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"mslora/experiment"
	"mslora/internal/hint"
	"mslora/params"
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
	return flagsOver(c, config)
}

// flagsOver puts the flags over a configuration.
func flagsOver(c *cli.Context, config experiment.Config) (experiment.Config, error) {
	lists := map[string]*[]string{
		"model": &config.Models, "data": &config.Data, "attacks": &config.Attacks, "methods": &config.Methods,
		"setting": (*[]string)(&config.Setting), "ratio": (*[]string)(&config.Ratio),
	}
	for flag, target := range lists {
		if c.IsSet(flag) {
			*target = splitAll(c.StringSlice(flag))
		}
	}
	for flag, target := range map[string]*[]int{"target": (*[]int)(&config.Target), "limit": (*[]int)(&config.Limit)} {
		if err := listFromFlag(c, flag, target, "a number", strconv.Atoi); err != nil {
			return config, err
		}
	}
	if err := listFromFlag(c, "seeds", &config.Seeds, "a seed", func(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) }); err != nil {
		return config, err
	}
	if c.IsSet("out") {
		config.Out = c.String("out")
	}
	if err := trainingFromFlags(c, &config); err != nil {
		return config, err
	}
	fourierFromFlags(c, &config.Fourier)
	if c.IsSet("tensorboard") {
		config.TensorBoard = c.Bool("tensorboard")
	}
	for _, flag := range readingFlags() {
		if c.IsSet(flag.Names()[0]) { // flags replace what the file says of reading as a whole
			var err error
			if config.Reading, err = readingFromFlags(c); err != nil {
				return config, err
			}
		}
	}
	return config.Only(c.StringSlice("only"))
}

// listFromFlag reads a flag of whole numbers, if it is given.
func listFromFlag[T any](c *cli.Context, flag string, target *[]T, what string, parse func(string) (T, error)) error {
	if !c.IsSet(flag) {
		return nil
	}
	*target = nil
	for _, text := range splitAll(c.StringSlice(flag)) {
		value, err := parse(text)
		if err != nil {
			return hint.New("give whole numbers, for example 42,43", "--%s: %q is not %s", flag, text, what)
		}
		*target = append(*target, value)
	}
	return nil
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
	if c.IsSet("precision") {
		config.Precision = splitAll(c.StringSlice("precision"))
	}
	if c.IsSet("cuda-tf32") {
		config.TF32 = c.Bool("cuda-tf32")
	}
	return overridesFromFlags(c, config)
}

// overridesFromFlags puts the flags of hyperparameters over those of a configuration.
func overridesFromFlags(c *cli.Context, config *experiment.Config) error {
	overrides := experiment.Axes{}
	for name, values := range config.Hyperparameters {
		overrides[name] = values
	}
	for _, p := range params.Table {
		if !c.IsSet(p.Flag) {
			continue
		}
		values, err := p.ParseAll(c.String(p.Flag))
		if err != nil {
			return fmt.Errorf("--%s: %w", p.Flag, err)
		}
		overrides[p.Name] = values
	}
	config.Hyperparameters = overrides
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
