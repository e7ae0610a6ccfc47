package lora

import (
	"fmt"
	"strconv"
	"strings"
)

// Keys of the metadata of a file with tuned tensors.
const (
	keyRank         = "lora_rank"
	keyAlpha        = "lora_alpha"
	keyScales       = "mslr_scales"
	keyBandwidth    = "mslr_bandwidth"
	keyScaleAlpha   = "mslr_alpha"
	keyBottleneck   = "adapter_bottleneck"
	keyPrefixLength = "prefix_length"
)

// Metadata describes the setting as strings for the header of a safetensors file, so that the tensors in
// it can be merged or trained further without any other file.
func (s Setting) Metadata() map[string]string {
	scales := make([]string, len(s.Scales))
	for i, scale := range s.Scales {
		scales[i] = number(scale)
	}
	return map[string]string{
		keyRank:         strconv.Itoa(s.Rank),
		keyAlpha:        number(s.Alpha),
		keyScales:       strings.Join(scales, ","),
		keyBandwidth:    strconv.Itoa(s.Bandwidth),
		keyScaleAlpha:   number(s.ScaleAlpha),
		keyBottleneck:   strconv.Itoa(s.Bottleneck),
		keyPrefixLength: strconv.Itoa(s.PrefixLength),
	}
}

// number is the shortest text that reads back as the same float64.
func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// ParseMetadata reads what Metadata wrote; other keys are left alone.
func ParseMetadata(metadata map[string]string) (Setting, error) {
	var s Setting
	for _, field := range []struct {
		key  string
		read func(text string) error
	}{
		{keyRank, integer(&s.Rank)},
		{keyBandwidth, integer(&s.Bandwidth)},
		{keyBottleneck, integer(&s.Bottleneck)},
		{keyPrefixLength, integer(&s.PrefixLength)},
		{keyAlpha, float(&s.Alpha)},
		{keyScaleAlpha, float(&s.ScaleAlpha)},
		{keyScales, func(text string) (err error) {
			if text != "" {
				s.Scales, err = ParseScales(text)
			}
			return err
		}},
	} {
		text, ok := metadata[field.key]
		if !ok {
			return Setting{}, fmt.Errorf("metadata lacks %s", field.key)
		}
		if err := field.read(text); err != nil {
			return Setting{}, fmt.Errorf("metadata %s: %w", field.key, err)
		}
	}
	return s, nil
}

func integer(target *int) func(string) error {
	return func(text string) (err error) {
		*target, err = strconv.Atoi(text)
		return err
	}
}

func float(target *float64) func(string) error {
	return func(text string) (err error) {
		*target, err = strconv.ParseFloat(text, 64)
		return err
	}
}
