"""What lstmjax takes in time and memory, beside other frameworks and the machine's own limit."""
