package report

// citation is the BibTeX entry of the paper that the training method comes from.
const citation = `@misc{wu2024musclelora,
  title         = {Acquiring Clean Language Models from Backdoor Poisoned Datasets by Downscaling Frequency Space},
  author        = {Zongru Wu and Zhuosheng Zhang and Pengzhou Cheng and Gongshen Liu},
  year          = {2024},
  eprint        = {2402.12026},
  archivePrefix = {arXiv}
}`
