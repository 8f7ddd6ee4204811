package spec

// BreakGlass is where a sealed copy of what opens the cluster is kept, for the day on which all else is lost.
type BreakGlass struct {
	// Recipients are the age public keys that copies are sealed for. Their private keys belong on paper or in a safe,
	// never into the cluster, its repository or the place itself.
	Recipients []string `json:"recipients" required:"true" min:"1" example:"[age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq]"`
	// Place is an existing folder (absolute, or from ~/ on), a mounted stick or NAS for example; or s3://bucket/prefix with
	// ?endpoint=https://host:port where it is not Amazon's, and the keys in BREAK_GLASS_ACCESS_KEY_ID and
	// BREAK_GLASS_SECRET_ACCESS_KEY, else in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. It must outlive the cluster.
	Place string `json:"place" required:"true" example:"/media/break-glass"`
}
