package graphs_test

import (
	"fmt"

	"mslora/graphs"
)

func ExampleStore_Load() {
	var store graphs.Store // the graphs that come with the program
	topology, err := store.Load("bert-12x384", "lora")
	if err != nil {
		fmt.Println(err)
		return
	}
	m := topology.Manifest
	fmt.Printf("%s, %d layers of %d units, trains %d tensors, the first is %s %v\n",
		m.Title(), m.Layers, m.Hidden, len(m.Parameters), m.Parameters[0].Name, m.Parameters[0].Shape)
	// Output: BERT, 12 layers of 384 units, trains 50 tensors, the first is encoder.layer.0.attention.self.query.lora_A.weight [r 384]
}
