"""What a change of keys means to who reviews it: values in, values out; the command line prints them."""
