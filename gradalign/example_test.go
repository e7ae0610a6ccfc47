package gradalign_test

import (
	"fmt"

	"mslora/gradalign"
	"mslora/params"
)

// A step whose batch pulls away from where the trusted texts pull keeps its length along their direction and nothing else.
func ExampleRule() {
	definition, _ := gradalign.Find("always")
	rule := definition.New(params.Defaults())
	untrusted := [][]float32{{3, -4}}
	trusted := [][]float32{{-2, 0}}
	stats, err := rule.Align(gradalign.Step{Epoch: 0, Epochs: 10, Threads: 1}, untrusted, trusted)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("aligned", untrusted[0], "share of tensors fully aligned", stats.FullyAligned)
	// Output: aligned [-3 0] share of tensors fully aligned 1
}
